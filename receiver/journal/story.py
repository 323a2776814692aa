"""The whole story of an event, and that of a connection."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from receiver.journal.history import Accepted, Attempt, History, Version, attempt, milliseconds
from receiver.journal.listing import Event
from receiver.journal.standings import Standing, read_standings
from receiver.journal.states import handler_of
from receiver.journal.store import Store, key
from receiver.journal.streams import newest_first, oldest_first, order
from receiver.journal.worklist import refresh

FETCHED = "fetched"
SUCCESSES = ("done", "skipped")


@dataclass(frozen=True, slots=True)
class EventStory:
    """From a message to what each handler made of it."""

    event: Event
    payload: str
    fetches: tuple[Attempt, ...]
    """Attempts at the fetch; the last one covers the event, if one does."""
    covered: bool
    change: Version | None
    """The version that the fetch made, or the one that it found unchanged."""
    changed: bool
    """Whether the fetch made it."""
    deliveries: tuple[Attempt, ...]
    """What handlers made of that version, or of the first later one that they were shown."""


@dataclass(frozen=True, slots=True)
class ConnectionStory:
    """How a connection stands, how it came to that, and what was tried lately."""

    standing: Standing
    versions: tuple[Version, ...]
    """The newest, newest first."""
    attempts: tuple[Attempt, ...]
    """The newest, newest first."""


class Stories:
    """Reads them from the journal, as far back as that goes."""

    def __init__(self, store: Store, handlers: Iterable[str]) -> None:
        self._store = store
        self._handlers = list(handlers)
        self._history = History(store)

    async def event(self, accepted: Accepted) -> EventStory:
        """The story of an event."""
        connection = accepted.connection
        standings = await read_standings(self._store, [connection], self._handlers)
        attempts = await self._attempts_since(accepted.mark, connection)
        versions = await self._history.versions(connection)
        fetches = list(_fetches(attempts, accepted))
        change, changed = _change(fetches, versions, accepted)
        return EventStory(
            event=Event(accepted, standings[connection]),
            payload=await self._payload(accepted.mark),
            fetches=tuple(fetches),
            covered=order(standings[connection].covered) >= order(accepted.mark),
            change=change,
            changed=changed,
            deliveries=tuple(_deliveries(attempts, fetches, change, changed=changed)),
        )

    async def connection(self, connection: str, work: str = "", most: int = 20) -> ConnectionStory:
        """The story of a connection; with `work`, of the attempts only those at that."""
        standings = await read_standings(self._store, [connection], self._handlers)
        versions = await self._history.versions(connection)
        return ConnectionStory(
            standing=standings[connection],
            versions=tuple(versions[: -most - 1 : -1]),
            attempts=tuple(await self._newest_attempts(work or connection, most)),
        )

    async def _payload(self, mark: str) -> str:
        entries = await self._store.redis.xrange(key("events"), mark, mark)
        return str(entries[0][1]["payload"]) if entries else ""

    async def _attempts_since(self, mark: str, connection: str) -> list[Attempt]:
        start = str(milliseconds(mark))
        async with aclosing(oldest_first(self._store, "attempts", start, "+", work=connection)) as pieces:
            return [attempt(*entry) async for piece in pieces for entry in piece]

    async def _newest_attempts(self, work: str, most: int) -> list[Attempt]:
        found: list[Attempt] = []
        async with aclosing(newest_first(self._store, "attempts", "+", "-", work=work)) as pieces:
            async for piece in pieces:
                found += [attempt(*entry) for entry in piece]
                if len(found) >= most:
                    break
        return found[:most]


def _fetches(attempts: Iterable[Attempt], event: Accepted) -> Iterator[Attempt]:
    """The attempts at the fetch, up to the first that began after the event was accepted and succeeded."""
    for each in attempts:
        if each.work == refresh(event.connection):
            covers = each.outcome == FETCHED and order(each.detail) >= order(event.mark)
            if covers or each.outcome != FETCHED:
                yield each
            if covers:
                return


def _change(
    fetches: Sequence[Attempt], versions: Sequence[Version], event: Accepted
) -> tuple[Version | None, bool]:
    """The version that the event led to, and whether it was new then."""
    behind = next((version for version in versions if event.mark in version.events), None)
    if behind is not None:
        return behind, True
    if not fetches or fetches[-1].outcome != FETCHED:
        return None, False
    covering = fetches[-1]
    if covering.version:
        return next((version for version in versions if version.number == covering.version), None), True
    before = [version for version in versions if version.fetched <= covering.ended]
    return (before[-1] if before else None), False


def _deliveries(
    attempts: Iterable[Attempt], fetches: Sequence[Attempt], change: Version | None, *, changed: bool
) -> Iterator[Attempt]:
    """What belongs to the event: all at that version, and at a later one as long as a handler is not through.

    A fetch that found nothing new calls for nothing: then only who is shown the same version again counts.
    """
    if change is None:
        return
    began = fetches[-1].ended if fetches else change.fetched
    through: set[str] = set()
    for each in attempts:
        if not handler_of(each.work) or each.ended < began or each.version < change.number:
            continue
        if each.version == change.number or (changed and each.work not in through):
            yield each
        if each.outcome in SUCCESSES:
            through.add(each.work)
