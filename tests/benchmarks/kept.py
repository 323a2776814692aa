"""A journal with a million events in it: whether it takes more as fast, and how soon it lists them."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import mean

from receiver.journal import Store
from receiver.journal.criteria import Criteria
from receiver.journal.history import History
from receiver.journal.listing import Events
from tests.benchmarks import router
from tests.benchmarks.accept import OF_NECTAR, accepted
from tests.benchmarks.messages import connection_id, write_requests
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import ROOT
from tests.benchmarks.redis_server import client_of, running_redis
from tests.benchmarks.rows import Goal, Row, Untrue, absolute, ratio
from tests.benchmarks.webs import ROUTER, environment, running_web

KEPT = (0, 100_000, 1_000_000)
QUICK = (0, 500)
CONNECTIONS = 10_000
PAGE = 50
BATCH = 1000
"""Events that are filled in at a time."""


async def measure(plan: Plan) -> list[Row]:
    """Two journals side by side: one stays empty, the other fills."""
    rows: list[Row] = []
    with ExitStack() as stack:
        empty, full = (stack.enter_context(running_redis()) for _ in range(2))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        async with router.journal(full) as store:
            there = 0
            for number in QUICK if plan.quick else KEPT:
                await _fill(store, number - there)
                if (held := await store.redis.xlen("nectar:events")) < number:
                    raise Untrue(f"{number} events, {held} kept")
                rows += await _listing(store, full, number, plan)
                if number:
                    rows.append(await _accepting(empty, full, number, plan, folder / "requests"))
                    there = await store.redis.xlen("nectar:events")
    return rows


async def _fill(store: Store, number: int) -> None:
    """Take in so many events and settle what they call for."""
    connections = min(number, CONNECTIONS)
    await router.accept(store, number, CONNECTIONS, BATCH, interval=0)
    await router.fetch(store, connections)


async def _empty(url: str) -> None:
    """Empty a journal, but for one event of each connection that the messages are about: both know them."""
    async with router.journal(url) as store:
        await store.redis.flushall()
        await _fill(store, OF_NECTAR)


async def _accepting(empty: str, full: str, number: int, plan: Plan, requests: Path) -> Row:
    """Rounds on both by turns, there and back: what grows or shrinks meanwhile does so for both."""
    rates: dict[str, list[float]] = {empty: [], full: []}
    with ExitStack() as stack:
        webs = {url: stack.enter_context(running_web(ROUTER, url, FETCH_INTERVAL="0")) for url in rates}
        clients = {url: stack.enter_context(client_of(url)) for url in rates}
        for _ in range(plan.rounds):
            turns: dict[str, list[float]] = {empty: [], full: []}
            for url in (empty, full, full, empty):
                write_requests(requests, plan.messages, OF_NECTAR)
                if url == empty:
                    await _empty(url)
                rate, _ = await accepted(webs[url], clients[url], requests, plan.seconds / 2, empty=False)
                turns[url].append(rate)
            for url, both in turns.items():
                rates[url].append(mean(both))
    name = f"accepted with {number:,} events kept, over an empty journal"
    goal = Goal(0.95) if number in (KEPT[-1], QUICK[-1]) else None
    return ratio("kept", name, "req/s", rates[full], "an empty journal", rates[empty], goal)


async def _listing(store: Store, url: str, number: int, plan: Plan) -> list[Row]:
    handlers = ("noop1", "noop2", "noop3")
    events, history = Events(store, handlers), History(store)
    one = Criteria(connection=connection_id(CONNECTIONS // 2))
    none = Criteria(state="dead")
    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "newest events": lambda: history.newest_events(PAGE),
        "first page": lambda: events.page(Criteria(), PAGE),
        "page of one connection": lambda: events.page(one, PAGE),
        "page that nothing fits": lambda: events.page(none, PAGE),
    }
    rows = []
    for name, read in ways.items():
        took = [await _milliseconds(read) for _ in range(plan.rounds)]
        rows.append(absolute("kept", f"{name}, {number:,} events kept", "ms", took))
    took = [_command(url) for _ in range(plan.rounds)]
    return [*rows, absolute("kept", f"nectar-router events, {number:,} events kept", "ms", took)]


async def _milliseconds(read: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await read()
    return (time.perf_counter() - began) * 1000


def _command(url: str) -> float:
    """Milliseconds that the command takes, with its start."""
    began = time.perf_counter()
    command = shlex.split(f"{Path(sys.executable).parent / 'nectar-router'} events --json")
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment(url)}
    subprocess.run(command, env=environ, check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000
