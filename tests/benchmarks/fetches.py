"""Fetches that a burst costs: 50,000 events over 500 connections, while a worker works."""

import asyncio
import time
from contextlib import ExitStack

from tests.benchmarks import router
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import PATIENCE
from tests.benchmarks.redis_server import running_redis
from tests.benchmarks.rows import Goal, Row, Untrue, absolute
from tests.benchmarks.stand_in import stand_in_nectar

EVENTS, CONNECTIONS = 50_000, 500


async def measure(plan: Plan) -> list[Row]:
    """Without coalescing it would be as many as there are events."""
    fetches, took = [], []
    for _ in range(plan.rounds):
        asked, seconds = await _burst(plan.size(EVENTS, 500), plan.size(CONNECTIONS, 20))
        fetches.append(float(asked))
        took.append(seconds)
    name = f"fetches for {EVENTS:,} events over {CONNECTIONS} connections"
    note = f"all handled within {max(took):.1f} s"
    return [absolute("fetches", name, "", fetches, Goal(1000, at_least=False), note)]


async def _burst(events: int, connections: int) -> tuple[int, float]:
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        nectar = stack.enter_context(stand_in_nectar())
        variables = {"HANDLERS": "noop1", "NECTAR_BASE_URL": nectar.url}
        stack.enter_context(router.running_worker(url, **variables)).wait_for(router.WORKING)
        began = time.monotonic()
        async with router.journal(url) as store:
            await router.accept(store, events, connections)
            while await router.left(store):
                if time.monotonic() > began + PATIENCE:
                    raise RuntimeError("not handled")
                await asyncio.sleep(0.05)
            counted = await router.counted(store)
        fetched, asked = counted.get("fetch:fetched", 0), nectar.asked()
        if counted.get("accepted") != events or not connections <= asked == fetched:
            raise Untrue(f"{counted.get('accepted')} of {events} accepted, {asked} asked, {fetched} fetched")
        return asked, time.monotonic() - began
