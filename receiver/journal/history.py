"""What became of events, read back from the journal."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from receiver.journal.store import Store, key
from receiver.journal.worklist import deliver, refresh


def milliseconds(mark: str) -> int:
    """When the stream entry of this id was written, ms since the epoch by Redis's clock."""
    return int(mark.partition("-")[0])


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event as it was accepted."""

    mark: str
    message: str
    type: str
    connection: str


@dataclass(frozen=True, slots=True)
class Version:
    """A fetch that brought something new."""

    number: int
    status: str
    changed: tuple[str, ...]
    fetched: int
    """ms since the epoch."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A piece of work that was done, or tried."""

    work: str
    version: int
    outcome: str
    detail: str
    ended: int
    """ms since the epoch."""


class History:
    """The journal as those see it who ask what happened."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def now(self) -> str:
        """A mark that is older than all events to come."""
        seconds, micros = await self._store.redis.time()
        return f"{seconds * 1000 + micros // 1000}-0"

    async def newest_events(self, count: int) -> list[Accepted]:
        """At most `count` events, the newest first."""
        entries = await self._store.redis.xrevrange(key("events"), count=count)
        return [_accepted(*entry) for entry in entries]

    async def events_since(self, mark: str, connection: str) -> list[Accepted]:
        """A connection's events that are not older than the mark, oldest first."""
        entries = await self._store.redis.xrange(key("events"), min=mark)
        return [_accepted(*entry) for entry in entries if entry[1]["connection"] == connection]

    async def versions(self, connection: str) -> list[Version]:
        """The versions of a connection, oldest first; of very many the newest."""
        entries = await self._store.redis.xrange(key("changes", connection))
        return [
            Version(
                milliseconds(mark), fields["to"], tuple(json.loads(fields["changed"])), int(fields["fetched"])
            )
            for mark, fields in entries
        ]

    async def attempts_since(self, mark: str, connection: str) -> list[Attempt]:
        """What was tried for a connection since the mark, oldest first."""
        entries = await self._store.redis.xrange(key("attempts"), min=mark)
        return [
            Attempt(
                work=fields["work"],
                version=int(fields["version"] or 0),
                outcome=fields["outcome"],
                detail=fields["detail"],
                ended=milliseconds(entry),
            )
            for entry, fields in entries
            if fields["work"].endswith(f":{connection}")
        ]

    async def is_settled(self, connection: str, handlers: Iterable[str]) -> bool:
        """Whether the connection is fetched up to its newest event, and nothing of it is due."""
        works = [refresh(connection), *(deliver(handler, connection) for handler in handlers)]
        wanted, covered = await self._store.fields(key("connection", connection), "wanted", "covered")
        due = await self._store.redis.zmscore(key("due"), works)
        return wanted == covered and not any(due)

    async def dead_letters(self, connection: str) -> list[str]:
        """The work of a connection that needs a person."""
        dead: list[str] = await self._store.redis.zrange(key("dead"), 0, -1)
        return [work for work in dead if work.endswith(f":{connection}")]


def _accepted(mark: str, fields: dict[str, str]) -> Accepted:
    return Accepted(mark, fields["message"], fields["type"], fields["connection"])
