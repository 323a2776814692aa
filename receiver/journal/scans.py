"""Lists of connections and deliveries, by their names: the journal keeps no index of all of them.

Each page is one walk over the names of all keys, with memory for one page: nothing is missed and nothing
comes twice while keys come and go, as it could between two pages of Redis's own cursor. What is on one of the
journal's lists is found there, without that walk.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from receiver.journal.criteria import Criteria, Page, RowT, batches, page_of
from receiver.journal.standings import Standing, read_standings
from receiver.journal.states import State, Work, connection_of, handler_of, read_works
from receiver.journal.store import Store, key
from receiver.journal.worklist import NECTAR

AT_A_TIME = 1000
"""Keys that Redis looks at before it serves somebody else."""

Rows = dict[str, RowT]
Read = Callable[[Sequence[str]], Awaitable[Rows[RowT]]]
"""The rows of these names that fit, by name."""
Names = AsyncGenerator[set[str], None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The work of showing a connection to a handler."""

    work: Work
    standing: Standing


class Scans:
    """Connections, and their deliveries to these handlers."""

    def __init__(self, store: Store, handlers: Iterable[str]) -> None:
        self._store = store
        self._handlers = list(handlers)

    async def connections(self, criteria: Criteria, limit: int, after: str = "") -> Page[Standing]:
        """At most `limit` connections whose ids come after. The time asked for is that of the status."""

        async def read(ids: Sequence[str]) -> Rows[Standing]:
            found = await read_standings(self._store, ids, self._handlers, criteria)
            return {one: standing for one, standing in found.items() if _fits(standing, criteria)}

        names = self.listed(criteria.state) or self._keys(key("connection", "*"))
        rows = await _first(names, connection_of, limit + 1, after, read)
        return page_of(rows, limit, lambda standing: standing.id)

    async def deliveries(self, criteria: Criteria, limit: int, after: str = "") -> Page[Delivery]:
        """At most `limit` deliveries whose names come after. The time asked for is that of the last attempt,
        the status the one last handled."""

        async def read(names: Sequence[str]) -> Rows[Delivery]:
            wanted = [name for name in names if _is_wanted(name, criteria)]
            works = [work for work in await read_works(self._store, wanted) if _work_fits(work, criteria)]
            connections = list({work.connection for work in works})
            # The status asked for is not that of the connection.
            found = await read_standings(self._store, connections, (), replace(criteria, status=""))
            return {
                work.name: Delivery(work, found[work.connection])
                for work in works
                if work.connection in found
            }

        pattern = key("deliver", _literal(criteria.handler), _literal(criteria.connection))
        names = self.listed(criteria.state) or self._keys(pattern)
        rows = await _first(names, str, limit + 1, after, read)
        return page_of(rows, limit, lambda row: row.work.name)

    def listed(self, state: str) -> Names | None:
        """The work on the lists where work in this state stands; None: it stands on none."""
        lists: dict[str, list[str]] = {
            State.DEAD: ["dead"],
            State.DUE: ["due"],
            State.IN_HAND: ["due"],
            State.PARKED: [f"parked:{breaker}" for breaker in (NECTAR, *self._handlers)],
        }
        return self._members(lists[state]) if state in lists else None

    async def _members(self, lists: Sequence[str]) -> Names:
        for name in lists:
            cursor = 0
            while True:
                cursor, entries = await self._store.redis.zscan(key(name), cursor, count=AT_A_TIME)
                yield {work for work, _ in entries}
                if cursor == 0:
                    break

    async def _keys(self, pattern: str) -> Names:
        cursor = 0
        while True:
            cursor, keys = await self._store.redis.scan(cursor, match=pattern, count=AT_A_TIME)
            yield {name.removeprefix(key("")) for name in keys}
            if cursor == 0:
                return


async def _first(
    pieces: Names, named: Callable[[str], str], limit: int, after: str, read: Read[RowT]
) -> list[RowT]:
    """The first so many rows by name, of those that come after."""
    rows: Rows[RowT] = {}
    async with aclosing(pieces):
        async for piece in pieces:
            names = {named(name) for name in piece}
            for batch in batches(sorted(name for name in names if name > after), limit):
                if len(rows) < limit or batch[0] < max(rows):
                    rows |= await read(batch)
                    rows = dict(sorted(rows.items())[:limit])
    return list(rows.values())


def _fits(standing: Standing, criteria: Criteria) -> bool:
    handlers = {work.handler for work in standing.works}
    return (
        criteria.covers(standing.since)
        and (not criteria.handler or criteria.handler in handlers)
        and criteria.state in ("", standing.state(criteria.handler))
    )


def _is_wanted(name: str, criteria: Criteria) -> bool:
    handler = handler_of(name)
    return (
        bool(handler)
        and criteria.handler in ("", handler)
        and criteria.connection in ("", connection_of(name))
    )


def _work_fits(work: Work, criteria: Criteria) -> bool:
    return (
        criteria.status.casefold() in ("", work.status.casefold())
        and criteria.covers(work.settled)
        and criteria.state in ("", work.state)
    )


def _literal(name: str) -> str:
    """A pattern for Redis that only this matches; any name when it is empty."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", name) or "*"
