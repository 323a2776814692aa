"""Watches a run from outside, and gathers what is to be judged when it is over."""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from receiver.simulator.traffic import Request
from tests.chaos.evidence import HANDLERS, Evidence, Kept, Line, Overdue, Recorded, Settled
from tests.chaos.house import API_KEY, SECRET, House
from tests.chaos.load import Load

LOOK = 0.5
PAGE = 5000
LATE = 5.0
"""Seconds by which work must be overdue to be noted."""


class Watch:
    """Looks twice a second, for what the journal and the simulator do not keep for ever."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._redis: Any = house.client
        self._last = "-"
        self.fetches: list[Settled] = []
        self.requests: list[Request] = []
        self.overdue: dict[tuple[str, float], Overdue] = {}

    async def forever(self) -> None:
        """Look again and again, until cancelled; while Redis is away there is nothing to see."""
        while True:
            with suppress(RedisError, OSError):
                await self.look()
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Look once."""
        await self._read_attempts()
        log = self._house.nectar.requests.entries
        while log and log[0].ended is not None:
            self.requests.append(log.popleft())
        seconds, micros = await self._redis.time()
        now, seen = seconds + micros / 1e6, time.monotonic()
        late = await self._redis.zrange(
            "nectar:due", "-inf", (now - LATE) * 1000, byscore=True, withscores=True
        )
        for work, due in late:
            since = seen - (now - due / 1000)
            self.overdue[work, due] = Overdue(work, since, seen)

    async def idle(self, within: float) -> None:
        """Wait until nothing is due or parked at two looks in a row, at most so long."""
        quiet = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while quiet < 2:
                    quiet = 0 if await self._left() else quiet + 1
                    await asyncio.sleep(LOOK)

    async def gather(self, load: Load) -> Evidence:
        """All that there is to judge by."""
        await self.look()
        self.requests += self._house.nectar.requests.entries
        dead = await self._redis.zrange("nectar:dead", 0, -1)
        kept = [connection for connection in load.connections if await self._fields(connection)]
        return Evidence(
            sent=load.sent,
            intruding=load.intruding,
            events=[event async for event in self._events()],
            fetches=self.fetches,
            requests=[each for each in self.requests if "/details" in each.path and each.status == 200],
            connections={connection: await self._kept(connection) for connection in kept},
            handled={
                (handler, connection): int(
                    await self._redis.hget(f"nectar:deliver:{handler}:{connection}", "version") or 0
                )
                for handler in HANDLERS
                for connection in kept
            },
            dead={work: await self._concerned(work) for work in dead},
            quarantined=await self._redis.zrange("nectar:quarantine", 0, -1),
            ledger=list(read_ledger(self._house.ledger)),
            deaths=self._house.deaths,
            outages=self._house.timeline.outages(),
            overdue=list(self.overdue.values()),
            leaks=list(leaks(self._house, personal(load))),
            replies_lost=self._house.proxy.cuts,
            rejected=self._house.orders.rejected,
        )

    async def _left(self) -> int:
        with suppress(RedisError, OSError):
            breakers = await self._redis.smembers("nectar:breakers")
            lists = ["nectar:due", *(f"nectar:parked:{name}" for name in breakers)]
            return sum([int(await self._redis.zcard(name)) for name in lists])
        return 1

    async def _read_attempts(self) -> None:
        while page := await self._redis.xrange("nectar:attempts", self._last, "+", PAGE):
            for entry, fields in page:
                if fields["outcome"] == "fetched":
                    at = int(entry.partition("-")[0]) / 1000
                    self.fetches.append(Settled(at, fields["work"].partition(":")[2], fields["detail"]))
            self._last = f"({page[-1][0]}"

    async def _events(self) -> Any:
        last = "-"
        while page := await self._redis.xrange("nectar:events", last, "+", PAGE):
            for entry, fields in page:
                yield Recorded(entry, fields["message"], fields["connection"])
            last = f"({page[-1][0]}"

    async def _fields(self, connection: str) -> bool:
        return bool(await self._redis.exists(f"nectar:connection:{connection}"))

    async def _kept(self, connection: str) -> Kept:
        wanted, covered, version = await self._redis.hmget(
            f"nectar:connection:{connection}", "wanted", "covered", "version"
        )
        return Kept(wanted or "", covered or "", int(version or 0))

    async def _concerned(self, work: str) -> tuple[str, str]:
        marks = await self._redis.hget(f"nectar:dead:{work.rpartition(':')[2]}", work)
        since, _, upto = (marks or " ").partition(" ")
        return since, upto


def read_ledger(path: Path) -> Iterator[Line]:
    """The lines, in the order of time."""
    text = path.read_text() if path.exists() else ""
    lines = [Line(**{**json.loads(line)}) for line in text.splitlines()]
    return iter(sorted(lines, key=lambda line: line.at))


def personal(load: Load) -> Iterable[str]:
    """What no log may hold: keys, and of the connections the secret, the login and the owner."""
    fields = ("connectionMagicLinkSecret", "username", "workflowOwnerEmail")
    known = load.nectar.connections.values()
    return {API_KEY, SECRET} | {str(each[name]) for each in known for name in fields if each.get(name)}


def leaks(house: House, words: Iterable[str]) -> Iterator[str]:
    """The lines of the logs that hold one of these words."""
    wanted = list(words)
    for program in house.programs:
        with program.output.open(errors="replace") as log:
            yield from (line for line in log if any(word in line for word in wanted))
