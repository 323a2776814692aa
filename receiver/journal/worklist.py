"""What is due, who has it in hand, and what becomes of it when it fails.

Each piece of work is a name: `refresh:CONNECTION` or `deliver:HANDLER:CONNECTION`. It is on exactly one of
the lists `due` (by when; while in hand, by when the lease ends), `parked:BREAKER` or `dead`, or nothing is
to be done. Times are Redis's own: the clocks of the machines play no part.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from receiver.journal.store import Store, key
from receiver.queue import LINE, line_of

LEASE = 6.0
"""Seconds until work is taken from a hand that no longer renews its lease."""
GRACE = 5.0
"""Seconds that a bell may take to be answered before the sweep rings again."""
RELEASED_AT_A_TIME = 200
SWEPT_AT_A_TIME = 1000
WORKER_GONE = 15
"""Seconds after which a worker that says nothing is taken for gone."""
NECTAR = "nectar"
"""The breaker of Nectar's API; the others bear their handler's name."""
MOST_CHANGES = 100
"""Versions that are looked back over; who is further behind is told that everything may have changed."""
RESUME = "resume"
"""The kind of work that lets go what a breaker holds; it is on no list and in nobody's hand."""


def refresh(connection: str) -> str:
    """The name of fetching a connection."""
    return f"refresh:{connection}"


def deliver(handler: str, connection: str) -> str:
    """The name of showing a connection to a handler."""
    return f"deliver:{handler}:{connection}"


Briefing = Sequence[str | None]
"""What is known of the connection, or there is to deliver, as begin.lua says it."""


@dataclass(slots=True, eq=False)
class Claim:
    """Work in hand. The token fences it: without the current one nothing can be settled.

    (Not frozen: to make it takes a third of the time so, and it is made for each piece of work.)
    """

    work: str
    token: str
    attempt: int
    deaths: int
    """How often whoever had it in hand died over it, since it was last settled."""
    briefing: Briefing | None = field(default=None, repr=False)
    """What the journal said of the work when it was taken off its line. It saves asking for it."""
    asked: float = field(default_factory=time.monotonic, repr=False)
    """When it was asked for, by this process's clock: its lease began no sooner."""

    @property
    def breaker(self) -> str:
        """The other side that it needs; of a RESUME the one that is to be let go."""
        kind, _, rest = self.work.partition(":")
        if kind == "refresh":
            return NECTAR
        return rest if kind == RESUME else rest.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Haul:
    """What was taken in hand at once."""

    wait: float | None
    """Seconds until there is more; None when nothing is known of."""
    crowded: bool
    """Whether there is more for which there was no room."""
    plain: bool
    """Whether jobs are due that are no bells."""
    taken: Sequence[tuple[str, Claim]]
    """Each with the line that its bell stood in."""


@dataclass(frozen=True, slots=True)
class Setback:
    """How work in hand did not end well."""

    reaction: str
    """`retry`, `later`, `park`, `reject` or `release`."""
    reason: str
    delay: float = 0.0
    asked: bool = False
    """The other side asked for that delay."""
    down: bool = False
    """The other side is in trouble."""
    most: int = 1
    """Attempts before it becomes a dead letter."""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the work in hand was about, for the record."""

    version: int = 0
    since: str = ""
    """Mark of the newest event that was settled before."""
    upto: str = ""
    """Mark of the newest event in question."""
    memory: str = ""
    took: float = 0.0
    counter: str = field(default="fetch")


def _taken(answer: Sequence[Any], asked: float) -> Iterator[tuple[str, Claim]]:
    """The claims in what claim.lua answered, each with the line that its bell stood in."""
    at = 3
    while at < len(answer):
        work, token, attempt, deaths, values = answer[at : at + 5]
        ends = at + 5 + values
        yield (
            _line_of(work.rpartition(":")[0]),
            Claim(work, token, attempt, deaths, answer[at + 5 : ends] or None, asked),
        )
        at = ends


@cache
def _line_of(kind: str) -> str:
    """Of `refresh`, `resume` or `deliver:HANDLER`."""
    _, _, handler = kind.partition(":")
    return line_of(handler) if handler else LINE


class Worklist:
    """The journal as a worker sees it."""

    def __init__(
        self,
        store: Store,
        *,
        failures_to_open: int = 5,
        of_breakers: Mapping[str, int] | None = None,
        max_fetches: int = 10,
    ) -> None:
        """`failures_to_open`: in a row, of breakers that `of_breakers` does not name.

        `max_fetches`: that may be in hand at a time, of all workers together.
        """
        self._store = store
        self._threshold = failures_to_open
        self._thresholds = of_breakers or {}
        self._max_fetches = max_fetches

    async def begin(self, work: str, breaker: str) -> Claim | None:
        """Take work in hand, or None: not due, in another's hand, or parked because its breaker is open."""
        asked = time.monotonic()
        answer = await self._store.run("begin", work, breaker, int(LEASE * 1000))
        if answer is None:
            return None
        token, attempt, deaths = answer
        return Claim(work, token, attempt, deaths, asked=asked)

    async def claim(self, room: Mapping[str, int]) -> Haul:
        """Take the bells of these lines off them, as far as there is room, and what they announce in hand."""
        lines = (part for pair in room.items() for part in pair)
        asked = time.monotonic()
        answer = await self._store.run("claim", int(LEASE * 1000), self._max_fetches, MOST_CHANGES, *lines)
        wait, crowded, plain = answer[:3]
        taken = list(_taken(answer, asked))
        return Haul(None if wait < 0 else wait / 1000, bool(crowded), bool(plain), taken)

    async def fail(self, claim: Claim, setback: Setback, subject: Subject) -> str | None:
        """Settle work that did not end well: where it went, or None when it was no longer in this hand."""
        answer: str | None = await self._store.run(
            "failed",
            *(claim.work, claim.token, claim.breaker, setback.reaction),
            *(int(setback.delay * 1000), int(setback.asked), int(setback.down)),
            *(setback.most, self._thresholds.get(claim.breaker, self._threshold)),
            *(subject.version, setback.reason, setback.trace, subject.memory),
            *(subject.since, subject.upto, int(subject.took * 1000), subject.counter),
        )
        return answer

    async def present(self, worker: str) -> None:
        """Say that this worker is there."""
        seconds, _ = await self._store.redis.time()
        async with self._store.redis.pipeline() as pipe:
            pipe.zadd(key("workers"), {worker: seconds})
            pipe.zremrangebyscore(key("workers"), 0, seconds - WORKER_GONE)
            await pipe.execute()

    async def sweep(self) -> int:
        """Ring for overdue work that no job stands behind; for how much."""
        looked, rung, since, passed = SWEPT_AT_A_TIME, 0, "-inf", 0
        while looked == SWEPT_AT_A_TIME:
            page = await self._store.run("sweep", int(GRACE * 1000), SWEPT_AT_A_TIME, since, passed)
            looked, found, since, passed = page
            rung += found
        return rung

    async def resume(self, breaker: str) -> int:
        """Let go what the breaker holds, if its time has come; how much it still holds."""
        return int(await self._store.run("resume", breaker, RELEASED_AT_A_TIME))

    async def handlers(self) -> list[str]:
        """The handlers that have ever had something delivered, enabled now or not."""
        return await self._store.members(key("handlers"))

    async def breakers(self) -> list[str]:
        """The breakers that may hold work."""
        return await self._store.members(key("breakers"))
