"""The journal in a test's hands: shortcuts into each of its states, and time that passes when told to."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from receiver.journal import (
    NECTAR,
    Claim,
    Deliveries,
    Ended,
    Fetched,
    Fetches,
    Intake,
    Known,
    Message,
    Observatory,
    Pending,
    Receipt,
    Setback,
    Store,
    Subject,
    Worklist,
    deliver,
    refresh,
)
from receiver.journal.store import key
from receiver.queue import LINE, line_of

ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"
THREE = "33333333-3333-4333-8333-333333333333"

DONE = Ended("done", "", "CONNECTED")
SKIPPED = Ended("skipped", "nothing to do", "CONNECTED")
DOWN = Setback("retry", "the target answered 503", delay=60, down=True, most=10)
BROKEN = Setback("retry", "ValueError: no", delay=60, most=10)
PARK = Setback("park", "the target answered 401")
REJECT = Setback("reject", "the target will never take it")
LATER = Setback("later", "not yet", delay=60)
RELEASE = Setback("release", "the worker was stopped")

_numbers = count(1)


def message(connection: str = ONE, message_id: str = "", kind: str = "connection.updated.v2") -> Message:
    """A verified webhook; without an id it is one that never was before."""
    return Message(message_id or f"msg_{next(_numbers)}", kind, connection, b"{}")


@dataclass
class Journal:
    """The whole journal, and shortcuts to bring it into a state. Fetches follow each other at once."""

    store: Store
    failures_to_open: int = 3
    max_backlog: int = 1000
    intake: Intake = field(init=False)
    worklist: Worklist = field(init=False)
    fetches: Fetches = field(init=False)
    deliveries: Deliveries = field(init=False)
    gauges: Observatory = field(init=False)

    def __post_init__(self) -> None:
        self.intake = Intake(self.store, self.max_backlog, fetch_interval=0)
        self.worklist = Worklist(self.store, failures_to_open=self.failures_to_open)
        self.fetches = Fetches(self.store, fetch_interval=0)
        self.deliveries = Deliveries(self.store)
        self.gauges = Observatory(self.store)

    @property
    def redis(self) -> Any:
        """The client beneath. (Its hints do not say which of redis-py's two clients answers.)"""
        return self.store.redis

    async def accept(self, connection: str = ONE, message_id: str = "") -> Receipt:
        """Take one message in."""
        return await self.intake.accept(message(connection, message_id))

    async def accept_all(self, messages: Iterable[Message]) -> list[Receipt]:
        """Take messages in that come at the same time, in this order."""
        return await asyncio.gather(*map(self.intake.accept, messages))

    async def take_fetch(self, connection: str = ONE) -> tuple[Claim, Known]:
        """Begin a fetch that is due, and read what is known before it."""
        claim = await self.worklist.begin(refresh(connection), NECTAR)
        assert claim is not None, "the fetch was not to be had"
        return claim, await self.fetches.known(connection)

    async def settle_fetch(
        self,
        taken: tuple[Claim, Known],
        *handlers: str,
        status: str = "CONNECTED",
        changed: Sequence[str] = ("status",),
    ) -> int | None:
        """End a fetch that brought a change for these handlers; without handlers and changed: none."""
        claim, known = taken
        connection = claim.work.partition(":")[2]
        snapshot = f'{{"id":"{connection}","status":"{status}"}}' if changed else ""
        return await self.fetches.settle(
            claim, connection, known, Fetched(status, snapshot, changed, handlers, took=0.01)
        )

    async def fetch(
        self,
        *handlers: str,
        connection: str = ONE,
        status: str = "CONNECTED",
        changed: Sequence[str] = ("status",),
    ) -> int | None:
        """Accept an event, and fetch a change that concerns these handlers; the version."""
        await self.accept(connection)
        return await self.settle_fetch(
            await self.take_fetch(connection), *handlers, status=status, changed=changed
        )

    async def take(self, name: str, connection: str = ONE) -> Claim | None:
        """Begin a delivery, if it is to be had."""
        return await self.worklist.begin(deliver(name, connection), name)

    async def taken(self, name: str, connection: str = ONE) -> tuple[Claim, Pending]:
        """Begin a delivery that is due, and read what there is to deliver."""
        claim = await self.take(name, connection)
        assert claim is not None, "the delivery was not to be had"
        return claim, await self.deliveries.pending(name, connection)

    async def fail(self, taken: tuple[Claim, Pending], setback: Setback) -> str | None:
        """End a delivery badly; where it went."""
        claim, pending = taken
        return await self.worklist.fail(claim, setback, subject(pending))

    async def fail_fetch(self, taken: tuple[Claim, Known], setback: Setback) -> str | None:
        """End a fetch badly; where it went."""
        claim, known = taken
        return await self.worklist.fail(claim, setback, Subject(since=known.covered, upto=known.mark))

    async def handle(self, name: str, ended: Ended = DONE, connection: str = ONE) -> Pending:
        """Do a delivery that is due; what it was."""
        claim, pending = await self.taken(name, connection)
        assert await self.deliveries.settle(claim, pending, ended, took=0.01)
        return pending

    async def lists(self, work: str) -> set[str]:
        """The lists that the work is on: `due`, `parked:BREAKER`, `dead`."""
        names = ["due", "dead", *[f"parked:{name}" for name in await self.worklist.breakers()]]
        scores = [await self.redis.zscore(key(name), work) for name in names]
        return {name for name, score in zip(names, scores, strict=True) if score is not None}

    async def due_in(self, work: str) -> float:
        """Seconds until the work is due, or until its lease ends."""
        seconds, micros = await self.redis.time()
        score = await self.redis.zscore(key("due"), work)
        return float(score / 1000 - (seconds + micros / 1e6))

    async def delay_of(self, work: str) -> float:
        """Seconds from when the work was last settled until it is due."""
        settled = await self.redis.hget(key(work), "settled")
        return float((await self.redis.zscore(key("due"), work) - int(settled)) / 1000)

    async def lines(self) -> list[str]:
        """arq's queues: that of the fetches, and one for each handler."""
        return [LINE, *map(line_of, await self.worklist.handlers())]

    async def bells(self) -> list[str]:
        """The work that arq has jobs for, line by line in arq's order."""
        jobs = [job for line in await self.lines() for job in await self.redis.zrange(line, 0, -1)]
        return [job.partition("#")[0] for job in jobs]

    async def mute(self) -> None:
        """Take all bells out of arq's queues: from here on those that are rung can be told."""
        await self.redis.delete(*await self.lines())

    async def make_due(self, *works: str) -> None:
        """Let time pass: what waits is due, and whoever has it in hand has lost the lease."""
        for work in works:
            assert await self.redis.zscore(key("due"), work) is not None, f"{work} is not on the list"
            await self.redis.zadd(key("due"), {work: 1})

    async def reopen(self, breaker: str) -> None:
        """Let time pass: the breaker's wait is over."""
        assert await self.redis.hset(key("breaker", breaker), "until", 1) == 0, "the breaker is closed"

    async def dump(self) -> dict[str, Any]:
        """All of the journal and of arq's queue, but for the counts and what tells when."""
        return {
            name: await _value(self.redis, name)
            for name in sorted(await self.redis.keys())
            if name not in (key("stats"), key("workers"))
        }


def subject(pending: Pending) -> Subject:
    """What a delivery was about."""
    return Subject(
        version=pending.version, since=pending.handled_mark, upto=pending.mark, counter="delivery:a"
    )


async def _value(redis: Any, name: str) -> Any:
    match await redis.type(name):
        case "string":
            return await redis.get(name)
        case "hash":
            return await redis.hgetall(name)
        case "list":
            return await redis.lrange(name, 0, -1)
        case "set":
            return sorted(await redis.smembers(name))
        case "zset":
            return await redis.zrange(name, 0, -1, withscores=True)
        case "stream":
            return await redis.xrange(name)
    raise AssertionError(f"{name} is of another kind")
