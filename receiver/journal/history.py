"""What became of events, read back from the journal."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

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
    flags: dict[str, list[str]] = field(default_factory=dict)
    """Values outside Nectar's closed lists, by field."""


@dataclass(frozen=True, slots=True)
class Version:
    """A fetch that brought something new."""

    number: int
    status: str
    changed: tuple[str, ...]
    fetched: int
    """ms since the epoch."""
    before: str = ""
    """The status before."""
    upto: str = ""
    """Mark of the newest event that the fetch covers."""
    events: tuple[str, ...] = ()
    """Marks of the events behind it; of very many the newest."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A piece of work that was done, or tried."""

    work: str
    version: int
    outcome: str
    detail: str
    ended: int
    """ms since the epoch."""
    number: int = 0
    """Which attempt it was."""
    took: int = 0
    """ms."""


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
        return [accepted(*entry) for entry in entries]

    async def events_since(self, mark: str, connection: str) -> list[Accepted]:
        """A connection's events that are not older than the mark, oldest first."""
        entries = await self._store.redis.xrange(key("events"), min=mark)
        return [accepted(*entry) for entry in entries if entry[1]["connection"] == connection]

    async def versions(self, connection: str) -> list[Version]:
        """The versions of a connection, oldest first; of very many the newest."""
        entries = await self._store.redis.xrange(key("changes", connection))
        return [version(*entry) for entry in entries]

    async def attempts_since(self, mark: str, connection: str) -> list[Attempt]:
        """What was tried for a connection since the mark, oldest first."""
        entries = await self._store.redis.xrange(key("attempts"), min=mark)
        return [
            attempt(entry, fields) for entry, fields in entries if fields["work"].endswith(f":{connection}")
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


def accepted(mark: str, fields: dict[str, str]) -> Accepted:
    """An entry of `events`."""
    flags = json.loads(fields.get("flags") or "{}")
    return Accepted(mark, fields["message"], fields["type"], fields["connection"], flags)


def version(entry: str, fields: dict[str, str]) -> Version:
    """An entry of `changes:CONNECTION`."""
    events = json.loads(fields["events"])
    return Version(
        number=milliseconds(entry),
        status=fields["to"],
        changed=tuple(json.loads(fields["changed"])),
        fetched=int(fields["fetched"]),
        before=fields["from"],
        upto=fields["upto"],
        events=tuple(line.partition(" ")[0] for line in events),
    )


def attempt(entry: str, fields: dict[str, str]) -> Attempt:
    """An entry of `attempts`."""
    return Attempt(
        work=fields["work"],
        version=int(fields["version"] or 0),
        outcome=fields["outcome"],
        detail=fields["detail"],
        ended=milliseconds(entry),
        number=int(fields["attempt"] or 0),
        took=int(fields["took"] or 0),
    )
