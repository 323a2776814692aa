"""Lists of events, the newest first."""

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from receiver.journal.criteria import LARGEST_BATCH, Criteria, Page, batches, page_of
from receiver.journal.history import Accepted, accepted
from receiver.journal.scans import Scans
from receiver.journal.standings import Standing, read_standings
from receiver.journal.states import URGENCY, State, Work, connection_of
from receiver.journal.store import Store
from receiver.journal.streams import Walk, newest_first, order

HANDLED = "handled"
"""The state of an event that calls for nothing any more."""
EVENT_STATES = tuple(HANDLED if state is State.IDLE else state.value for state in State)


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted message, and how its connection stands now."""

    accepted: Accepted
    standing: Standing

    def state(self, handler: str = "") -> str:
        """What is still to be done because of it, one of EVENT_STATES; with a handler, at that one."""
        states = [
            work.state
            for work in self.standing.works
            if work.handler in ("", handler or work.handler) and self._concerns(work)
        ]
        return str(min(states, key=URGENCY.index)) if states else HANDLED

    def _concerns(self, work: Work) -> bool:
        """Whether the work is not done, and has to do with this event."""
        mark = order(self.accepted.mark)
        if work.state is State.IDLE or mark <= order(_before(work, self.standing)):
            return False
        return work.state is not State.DEAD or mark <= order(work.upto)


def _before(work: Work, standing: Standing) -> str:
    """Mark of the newest event that the work has nothing more to do with."""
    if work.state is State.DEAD:
        return work.after
    return work.mark if work.handler else standing.covered


class Events:
    """The stream of events; what became of them is seen at these handlers."""

    def __init__(self, store: Store, handlers: Iterable[str]) -> None:
        self._store = store
        self._handlers = list(handlers)
        self._scans = Scans(store, self._handlers)

    async def page(self, criteria: Criteria, limit: int, after: str = "") -> Page[Event]:
        """At most `limit` events, older than the one whose mark is `after`."""
        found: list[Event] = []
        known: dict[str, Standing | None] = {}
        among = await self._with_work(criteria.state)
        if among is not None and not among:
            return Page((), None)
        async with aclosing(self._walk(criteria, after, among)) as pieces:
            async for piece in pieces:
                events = [accepted(*entry) for entry in piece if _is_open(entry[1]["connection"], known)]
                for batch in batches(events, limit + 1):
                    if len(found) <= limit:
                        found += await self._fitting(batch, criteria, known)
                if len(found) > limit:
                    break
        return page_of(found, limit, lambda event: event.accepted.mark)

    async def _with_work(self, state: str) -> dict[str, str] | None:
        """The connections with work in this state, each with a mark: only events after it are concerned.

        None: they are very many, or the state is on no list.
        """
        names = self._scans.listed(state)
        if names is None:
            return None
        listed: set[str] = set()
        async with aclosing(names):
            async for piece in names:
                listed |= {connection_of(name) for name in piece}
                if len(listed) > LARGEST_BATCH:
                    return None
        standings = await read_standings(self._store, list(listed), self._handlers)
        marks = {
            name: [_before(work, standing) for work in standing.works if work.state == state]
            for name, standing in standings.items()
        }
        return {name: min(before, key=order) for name, before in marks.items() if before}

    async def _walk(self, criteria: Criteria, after: str, among: dict[str, str] | None) -> Walk:
        """The events that may fit, the newest first. `among`: of these connections, and after their marks."""
        newest = f"({after}" if after else str("+" if criteria.until is None else criteria.until)
        oldest = str("-" if criteria.since is None else criteria.since)
        only = {"connection": criteria.connection, "type": criteria.type}
        if among:
            before = min(among.values(), key=order)
            oldest = f"({before}" if order(before) > (criteria.since or 0, 0) else oldest
            only["connection"] = criteria.connection or (min(among) if len(among) == 1 else "")
        async with aclosing(newest_first(self._store, "events", newest, oldest, **only)) as pieces:
            async for piece in pieces:
                yield [entry for entry in piece if among is None or entry[1]["connection"] in among]

    async def _fitting(
        self, events: Sequence[Accepted], criteria: Criteria, known: dict[str, Standing | None]
    ) -> list[Event]:
        """Those that fit. `known`: how connections stand, each read once for a page; None: none can fit."""
        new = list({event.connection for event in events} - known.keys())
        standings = await read_standings(self._store, new, self._handlers, criteria)
        for name in new:
            standing = standings.get(name)
            known[name] = standing if standing is not None and _may_fit(standing, criteria) else None
        rows = [
            Event(event, standing) for event in events if (standing := known[event.connection]) is not None
        ]
        return [row for row in rows if criteria.state in ("", row.state(criteria.handler))]


def _is_open(connection: str, known: dict[str, Standing | None]) -> bool:
    return connection not in known or known[connection] is not None


def _may_fit(standing: Standing, criteria: Criteria) -> bool:
    handled = all(work.state is State.IDLE for work in standing.works)
    handlers = {work.handler for work in standing.works}
    return (criteria.state in ("", HANDLED) or not handled) and criteria.handler in ("", *handlers)
