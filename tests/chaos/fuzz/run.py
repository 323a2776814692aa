"""One run: Redis and the web process, the senders, and the verdict."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis.asyncio import Redis
from rich.console import Console

from tests.chaos.audit import Row
from tests.chaos.fuzz import vitals
from tests.chaos.fuzz.bodies import MAGIC, OWNER
from tests.chaos.fuzz.lanes import Lane
from tests.chaos.fuzz.slow import dawdle
from tests.chaos.fuzz.tally import Tally
from tests.chaos.fuzz.verdict import Findings, Vitals, verdict
from tests.chaos.house import API_KEY, SECRET
from tests.chaos.processes import Program, RedisServer, steady_port
from tests.e2e.system import PROCFILE, ROOT

LOOK = 0.1
PATIENCE = 60.0
TOLD = 30.0
"""Seconds between two lines about how far it is."""
LONG = 100_000
PAGE = 5000
PRIVATE = tuple(word.encode() for word in (SECRET, API_KEY, MAGIC, OWNER))
ERRORS = (b'"level": "error"', b'"level": "critical"', b"Traceback")


@dataclass(frozen=True)
class Plan:
    """What a run is to do."""

    requests: int
    seed: int = 1
    lanes: int = 32
    """Connections at a time."""
    warm_up: float = 0.1
    """Share of the requests after which memory is looked at for the first time."""

    @property
    def dawdlers(self) -> int:
        """Beside the lanes, senders of a byte a second; each takes longer than a short run should."""
        return 8 if self.requests >= LONG else 0


@dataclass
class Web:
    """The process under test, and what it stands on."""

    program: Program
    port: int
    redis: RedisServer
    ended: int | None = None

    def vitals(self) -> Vitals:
        """How it is now."""
        pid = self.program.pid
        return Vitals(vitals.resident(pid), vitals.open_files(pid, except_to=self.redis.port))

    def callers(self) -> int:
        """How many are connected to it."""
        return vitals.callers(self.program.pid, self.port)

    def stop(self) -> int:
        """Its exit status. Whether it had ended before is noted."""
        if death := self.program.death():
            self.ended = death.code
        self.program.stop()
        death = self.program.death()
        assert death is not None
        return death.code


async def fuzz(
    plan: Plan, folder: Path, first_on_path: Iterable[Path] = (), tell: Console | None = None
) -> list[Row]:
    """Do it all, and judge it. `first_on_path`: where to look for `receiver` first."""
    tally = Tally()
    async with _running(folder, first_on_path) as web:
        start = web.vitals()
        began = time.monotonic()
        warm = await _load(plan, web, tally, tell)
        seconds = time.monotonic() - began
        await _all_gone(web)
        end, callers = web.vitals(), web.callers()
        exit_status = await asyncio.to_thread(web.stop)
        recorded, quarantined = await _journal(web.redis.url)
        return verdict(
            Findings(
                tally=tally,
                seconds=seconds,
                recorded=recorded,
                quarantined=quarantined,
                start=start,
                warm=warm,
                end=end,
                callers=callers,
                ended=web.ended,
                exit_status=exit_status,
                errors=_lines(web.program.output, ERRORS),
                leaks=_lines(web.program.output, PRIVATE),
            )
        )


@asynccontextmanager
async def _running(folder: Path, first_on_path: Iterable[Path]) -> AsyncIterator[Web]:
    redis = RedisServer(folder / "redis")
    await redis.start()
    try:
        port = steady_port()
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": ":".join(map(str, [*first_on_path, ROOT])),
            "PORT": str(port),
            "REDIS_URL": redis.url,
            "NECTAR_API_KEY": API_KEY,
            "NECTAR_WEBHOOK_SECRET": SECRET,
        }
        web = Web(Program("web", PROCFILE["web"], environment, folder), port, redis)
        web.program.start()
        try:
            await _ready(web)
            yield web
        finally:
            web.program.stop()
    finally:
        await redis.stop()


async def _ready(web: Web) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE):
        while True:
            with suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{web.port}/readyz")).is_success:
                    break
            await asyncio.sleep(LOOK)
    await _all_gone(web)


async def _load(plan: Plan, web: Web, tally: Tally, tell: Console | None) -> Vitals:
    """Send it all. How the process was after the warm-up."""
    over = asyncio.Event()
    warming = asyncio.create_task(_warmed_up(plan, web, tally))
    telling = asyncio.create_task(_tell(plan, web, tally, tell))
    try:
        async with asyncio.TaskGroup() as senders:
            slow = [
                senders.create_task(dawdle(web.port, tally, over, head=bool(number % 2)))
                for number in range(plan.dawdlers)
            ]
            share, rest = divmod(plan.requests - len(slow), plan.lanes)
            lanes = [Lane(web.port, plan.seed, number, tally) for number in range(plan.lanes)]
            quick = [
                senders.create_task(lane.run(share + (number < rest))) for number, lane in enumerate(lanes)
            ]
            await asyncio.wait(quick)
            over.set()
        return await warming
    finally:
        telling.cancel()
        warming.cancel()


async def _warmed_up(plan: Plan, web: Web, tally: Tally) -> Vitals:
    while tally.requests < plan.requests * plan.warm_up:
        await asyncio.sleep(LOOK)
    return web.vitals()


async def _tell(plan: Plan, web: Web, tally: Tally, tell: Console | None) -> None:
    began = time.monotonic()
    while tell is not None:
        await asyncio.sleep(TOLD)
        memory = vitals.resident(web.program.pid)
        tell.print(
            f"{time.monotonic() - began:6.0f} s  {tally.requests:8} requests  {memory:5.0f} MiB", markup=False
        )


async def _all_gone(web: Web) -> None:
    """Give the process a moment to notice that nobody is connected any more."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while web.callers():
                await asyncio.sleep(LOOK)


async def _journal(url: str) -> tuple[list[str], list[str]]:
    """The messages in the journal, and those in the quarantine."""
    recorded: list[str] = []
    async with Redis.from_url(url, decode_responses=True) as redis:
        last = "-"
        while page := await redis.xrange("nectar:events", last, "+", PAGE):
            recorded += [fields["message"] for _, fields in page]
            last = f"({page[-1][0]}"
        return recorded, await redis.zrange("nectar:quarantine", 0, -1)


def _lines(log: Path, words: tuple[bytes, ...]) -> list[str]:
    with log.open("rb") as lines:
        return [line.decode(errors="replace") for line in lines if any(word in line for word in words)]
