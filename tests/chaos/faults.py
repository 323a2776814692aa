"""The faults, as data: what is done, what undoes it, and for how long."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass

from receiver.simulator import Fault as NectarFault
from tests.chaos.house import House
from tests.chaos.load import Load
from tests.chaos.plugin.orders import Trouble
from tests.chaos.processes import Program

Doing = Callable[[House, Load], AbstractAsyncContextManager[None]]

IN_HAND = 100
"""What WORKER_JOBS allows a worker."""
DAWDLE = 8.0
SKEW = 300.0
"""Seconds."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong: `doing` lasts as long as its block."""

    name: str
    about: str
    doing: Doing
    seconds: float = 4.0

    async def strike(self, house: House, load: Load) -> None:
        """Let it happen, and undo it."""
        async with self.doing(house, load):
            await asyncio.sleep(self.seconds)


def _ending(kind: str, number: signal.Signals) -> Doing:
    @asynccontextmanager
    async def doing(house: House, load: Load) -> AsyncIterator[None]:
        programs: list[Program] = getattr(house, kind)
        for program in programs:
            program.end(number)
            await asyncio.sleep(1.5 / len(programs))
        yield

    return doing


def _worker_with_jobs(number: signal.Signals) -> Doing:
    @asynccontextmanager
    async def doing(house: House, load: Load) -> AsyncIterator[None]:
        # What is looked for is how soon its work is taken over, not how long a backlog is.
        load.paused = True
        house.order(dawdle=DAWDLE)
        for connection in load.connections:
            load.change(connection)
        worker = house.workers[0]
        with suppress(TimeoutError):
            async with asyncio.timeout(DAWDLE - 1):
                while await _in_hand(house, worker.pid) < IN_HAND:
                    await asyncio.sleep(0.1)
        worker.end(number)
        house.order(dawdle=0.0)
        yield
        load.paused = False

    return doing


async def _in_hand(house: House, pid: int) -> int:
    """Deliveries that a process has begun and not ended."""
    text = await asyncio.to_thread(house.ledger.read_text)
    lines = [line for line in text.splitlines() if f'"pid": {pid},' in line]
    return sum('"kind": "begin"' in line for line in lines) - sum('"kind": "end"' in line for line in lines)


@asynccontextmanager
async def _slow_deliveries(house: House) -> AsyncIterator[None]:
    """While the block runs, deliveries are under way that began before it."""
    house.order(dawdle=25.0)
    await asyncio.sleep(1)
    house.order(dawdle=0.0)
    yield


async def _restart_redis(house: House, *, away: float, kill: bool) -> None:
    with house.timeline.outage():
        await (house.redis.kill() if kill else house.redis.stop())
        await asyncio.sleep(away)
        await house.redis.start()


def _redis_away(seconds: float, *, kill: bool) -> Doing:
    @asynccontextmanager
    async def doing(house: House, load: Load) -> AsyncIterator[None]:
        async with _slow_deliveries(house):
            await _restart_redis(house, away=seconds, kill=kill)
            yield

    return doing


@asynccontextmanager
async def _redis_paused(house: House, load: Load) -> AsyncIterator[None]:
    pid = int((await house.client.info("server"))["process_id"])
    async with _slow_deliveries(house):
        with house.timeline.outage():
            os.kill(pid, signal.SIGSTOP)
            try:
                yield
            finally:
                os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def _read_only(house: House, load: Load) -> AsyncIterator[None]:
    with house.timeline.outage():
        await house.client.replicaof("127.0.0.1", 1)
        try:
            yield
        finally:
            await house.client.replicaof("NO", "ONE")


@asynccontextmanager
async def _out_of_memory(house: House, load: Load) -> AsyncIterator[None]:
    with house.timeline.outage():
        await house.client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            await house.client.config_set("maxmemory", 0)


@asynccontextmanager
async def _replies_lost(house: House, load: Load) -> AsyncIterator[None]:
    house.proxy.cutting = 0.2
    try:
        yield
    finally:
        house.proxy.cutting = 0.0


def _nectar(*faults: NectarFault) -> Doing:
    @asynccontextmanager
    async def doing(house: House, load: Load) -> AsyncIterator[None]:
        house.nectar.faults.set(*faults)
        try:
            yield
        finally:
            house.nectar.faults.clear()

    return doing


def _handler(trouble: Trouble, share: float) -> Doing:
    @asynccontextmanager
    async def doing(house: House, load: Load) -> AsyncIterator[None]:
        struck = random.sample(load.connections, max(1, int(len(load.connections) * share)))
        house.order(trouble=trouble, connections=tuple(struck))
        for connection in struck:
            load.change(connection)
        try:
            yield
        finally:
            house.order(trouble=Trouble.NONE, connections=())

    return doing


@asynccontextmanager
async def _clocks(house: House, load: Load) -> AsyncIterator[None]:
    """The workers are ten minutes apart; the web processes eight, or they would refuse every signature."""
    for programs, skew in ((house.workers, SKEW), (house.webs, SKEW - 60)):
        for program, sign in zip(programs, (1, -1), strict=False):
            program.clock = sign * skew
            program.end(signal.SIGKILL)
    try:
        yield
    finally:
        for program in house.programs:
            program.clock = 0.0
            program.end(signal.SIGTERM)


ONE = 0.001
"""A share so small that it is one connection."""

FAULTS = {
    fault.name: fault
    for fault in (
        Fault("web-kill", "SIGKILL of each web process", _ending("webs", signal.SIGKILL), 1),
        Fault("web-term", "SIGTERM of each web process", _ending("webs", signal.SIGTERM), 1),
        Fault("clocks", "clocks of the workers 10 minutes apart, of web 8", _clocks, 5),
        Fault("replies-lost", "the line cut after a write, before its reply", _replies_lost, 5),
        Fault("worker-kill", "SIGKILL of a worker, 100 jobs in hand", _worker_with_jobs(signal.SIGKILL), 10),
        Fault("worker-term", "SIGTERM of a worker, 100 jobs in hand", _worker_with_jobs(signal.SIGTERM), 6),
        Fault("redis-kill", "SIGKILL of Redis, restarted from its AOF", _redis_away(1, kill=True), 3),
        Fault("redis-term", "SIGTERM of Redis, restarted from its AOF", _redis_away(1, kill=False), 3),
        Fault("redis-pause", "Redis paused for 20 s", _redis_paused, 20),
        Fault("redis-readonly", "Redis read-only", _read_only, 3),
        Fault("redis-full", "Redis out of memory, noeviction", _out_of_memory, 3),
        Fault("nectar-down", "Nectar answers 500 or nothing", _nectar(
            NectarFault(status=500, times=10), NectarFault(hang_up="before")), 3),
        Fault("nectar-slow", "Nectar takes 2 s", _nectar(NectarFault(slow=2)), 3),
        Fault("nectar-429", "Nectar answers 429", _nectar(NectarFault(status=429, retry_after=1)), 2),
        Fault("nectar-401", "Nectar refuses the key", _nectar(NectarFault(status=401)), 2),
        Fault("nectar-halfway", "Nectar hangs up halfway through the body", _nectar(
            NectarFault(hang_up="halfway")), 2),
        # What these bring about goes on after their time.
        Fault("handler-raises", "a handler raises", _handler(Trouble.RAISES, 0.3), 2),
        Fault("handler-refused", "a handler's target refuses it", _handler(Trouble.REFUSED, 0.3), 2),
        Fault("handler-later", "a handler asks for later", _handler(Trouble.LATER, 0.3), 2),
        Fault("handler-hangs", "a handler hangs for ever", _handler(Trouble.HANGS, 0.3), 2),
        Fault("handler-blocks", "a handler blocks the event loop for 10 s", _handler(Trouble.BLOCKS, ONE), 3),
        Fault("handler-dies", "a handler kills its process", _handler(Trouble.DIES, ONE), 4),
    )
}  # fmt: skip


async def kill_at_random(house: House, load: Load, kills: int, pause: float) -> None:
    """So many SIGKILLs and SIGTERMs: of web and workers alike, and now and then of Redis."""
    for _ in range(kills):
        began = time.monotonic()
        if random.random() < 0.04:
            await _restart_redis(house, away=0.5, kill=True)
        else:
            number = signal.SIGTERM if random.random() < 0.2 else signal.SIGKILL
            random.choice(house.programs).end(number)
        await asyncio.sleep(max(0.0, began + pause - time.monotonic()))
