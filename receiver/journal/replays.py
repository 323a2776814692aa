"""Replay: a connection is fetched afresh and shown again, whether anything has changed or not."""

from collections import Counter
from collections.abc import Iterable
from contextlib import aclosing

from receiver.journal.criteria import Criteria
from receiver.journal.letters import Letters
from receiver.journal.states import connection_of
from receiver.journal.store import Store, key
from receiver.journal.streams import oldest_first


class Replays:
    """What can be replayed, and doing it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._letters = Letters(store)

    async def replay(self, connection: str, handlers: Iterable[str]) -> None:
        """Ask for a fetch that begins after now, and for it to be shown to these handlers.

        It goes the way of all work: leases, breakers, attempts and versions hold as ever. Asking twice before
        the fetch has begun is asking once.
        """
        await self._store.run("replay", connection, *handlers)

    async def concerned(self, criteria: Criteria) -> dict[str, int]:
        """The connections that the events asked for were about, and how many of these each has."""
        oldest = str("-" if criteria.since is None else criteria.since)
        newest = str("+" if criteria.until is None else criteria.until)
        found: Counter[str] = Counter()
        walk = oldest_first(self._store, "events", oldest, newest, connection=criteria.connection)
        async with aclosing(walk) as pieces:
            async for piece in pieces:
                found.update(fields["connection"] for _, fields in piece)
        return dict(found)

    async def dead(self, criteria: Criteria) -> list[str]:
        """The work that died in the time asked for, of the connection or of all."""
        wanted = criteria.connection
        return [name for name in await self._names("dead", criteria) if wanted in ("", connection_of(name))]

    async def dead_of(self, connection: str) -> list[str]:
        """The work of a connection that is among the dead letters."""
        async with self._store.redis.pipeline() as pipe:
            pipe.hkeys(key("dead", connection))
            [found] = await pipe.execute()
        return sorted(found)

    async def quarantined(self, criteria: Criteria) -> list[str]:
        """The messages in the quarantine, of the time asked for."""
        return await self._names("quarantine", criteria)

    async def _names(self, among: str, criteria: Criteria) -> list[str]:
        async with aclosing(self._letters.newest_first(among, criteria)) as pieces:
            return [name async for piece in pieces for _, name in piece]
