"""How each piece of work stands: which list it is on, and what its last attempt said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from receiver.journal.store import Store, key
from receiver.journal.worklist import NECTAR

FIELDS = [
    *("hand", "attempt", "reason", "trace", "version", "wanted", "status"),
    *("mark", "outcome", "detail", "settled"),
]


class State(StrEnum):
    """What is to be done, the most urgent to know of first."""

    DEAD = "dead"
    """Nobody tries it any more: a person must look."""
    PARKED = "parked"
    """Waits for the other side to be well again."""
    IN_HAND = "in-hand"
    DUE = "due"
    """Now, or when its delay is over."""
    AWAITING = "awaiting"
    """To be shown what the next fetch brings."""
    IDLE = "idle"
    """Nothing is to be done."""


URGENCY = list(State)


@dataclass(frozen=True, slots=True)
class Work:
    """The fetch of a connection, or its delivery to a handler."""

    name: str
    state: State
    at: int
    """ms: since when it is dead or parked, when it is due, until when its lease is; 0 when it is idle."""
    attempt: int
    reason: str
    """Why the last attempt did not end well."""
    trace: str
    version: int
    """The version that the handler last succeeded with."""
    wanted: int
    """The version that the handler is to be shown."""
    status: str
    """The status that the handler last succeeded with."""
    mark: str
    """The newest event that the handler is done with."""
    outcome: str
    detail: str
    settled: int
    """When an attempt last ended, ms."""
    after: str
    """Of a dead letter: mark of the newest event before those that it concerns."""
    upto: str
    """Of a dead letter: mark of the newest event that it concerns."""

    @property
    def handler(self) -> str:
        """Empty for a fetch."""
        return handler_of(self.name)

    @property
    def connection(self) -> str:
        """Whose work it is."""
        return connection_of(self.name)

    @property
    def is_there(self) -> bool:
        """Whether there ever was such work."""
        return self.state is not State.IDLE or bool(self.settled or self.wanted or self.attempt)


def handler_of(work: str) -> str:
    """The handler in a work's name; empty for a fetch."""
    return work.split(":")[1] if work.startswith("deliver:") else ""


def connection_of(work: str) -> str:
    """The connection in a work's name."""
    return work.rpartition(":")[2]


async def read_works(store: Store, names: Sequence[str]) -> list[Work]:
    """How these stand, all at one moment."""
    if not names:
        return []
    connections = sorted({connection_of(name) for name in names})
    breakers = sorted({handler_of(name) or NECTAR for name in names})
    async with store.redis.pipeline(transaction=True) as pipe:
        pipe.time()
        for place in ("dead", "due", *(f"parked:{breaker}" for breaker in breakers)):
            pipe.zmscore(key(place), list(names))
        for connection in connections:
            pipe.hgetall(key("dead", connection))
            pipe.hgetall(key("awaiting", connection))
        for name in names:
            pipe.hmget(key(name), FIELDS)
        answers = iter(await pipe.execute())
    seconds, _ = next(answers)
    dead, due, *parked = [dict(zip(names, next(answers), strict=True)) for _ in range(2 + len(breakers))]
    by_connection = {connection: (next(answers), next(answers)) for connection in connections}
    found = []
    for name, fields in zip(names, answers, strict=True):
        events, awaiting = by_connection[connection_of(name)]
        waits = next((since[name] for since in parked if since[name] is not None), None)
        places = (dead[name], waits, due[name], awaiting.get(handler_of(name)))
        found.append(_work(name, seconds * 1000, fields, events.get(name, ""), *places))
    return found


def _work(name: str, now: int, fields: list[str | None], events: str, *places: Any) -> Work:
    kept = dict(zip(FIELDS, (field or "" for field in fields), strict=True))
    state, at = _state(now, bool(kept["hand"]), *places)
    after, _, upto = events.partition(" ")
    return Work(
        name=name,
        state=state,
        at=int(at),
        # What has failed is counted; what is in hand is one more.
        attempt=int(kept["attempt"] or 0) + (state is State.IN_HAND),
        reason=kept["reason"],
        trace=kept["trace"],
        version=int(kept["version"] or 0),
        wanted=int(kept["wanted"] or 0),
        status=kept["status"],
        mark=kept["mark"],
        outcome=kept["outcome"],
        detail=kept["detail"],
        settled=int(kept["settled"] or 0),
        after=after,
        upto=upto,
    )


def _state(
    now: int, held: bool, dead: float | None, parked: float | None, due: float | None, awaiting: str | None
) -> tuple[State, float]:
    if dead is not None:
        return State.DEAD, dead
    if parked is not None:
        return State.PARKED, parked
    if due is not None:
        # Whose lease is over has died: the work is to be had again.
        return (State.IN_HAND if held and due > now else State.DUE), due
    return (State.AWAITING, float(awaiting.partition("-")[0])) if awaiting else (State.IDLE, 0.0)


async def known_handlers(store: Store, enabled: Iterable[str]) -> list[str]:
    """The handlers that are enabled here, that have ever been shown a connection, or whose work is parked."""
    names = set(enabled) | set(await store.members(key("breakers"))) - {NECTAR}
    async with store.redis.pipeline(transaction=False) as pipe:
        pipe.hkeys(key("stats"))
        [counts] = await pipe.execute()
    return sorted(names | {count.split(":")[1] for count in counts if count.startswith("delivery:")})
