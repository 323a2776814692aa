"""Whether a journal that keeps many events takes more in as fast as an empty one: rounds on both at once."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import router
from tests.benchmarks.accept import OF_NECTAR, accepted
from tests.benchmarks.messages import write_requests
from tests.benchmarks.plan import Plan
from tests.benchmarks.redis_server import client_of
from tests.benchmarks.rows import Goal, Row, ratio
from tests.benchmarks.webs import ROUTER, running_web

FROM = 1_000_000
"""Events kept, from which on the goal is meant."""
GOAL = Goal(0.95)


async def accepting(empty: str, full: str, number: int, plan: Plan, requests: Path) -> Row:
    """Rounds on both at once, on the same two cores: each has half of what the machine gives.

    By turns a few hundredths cannot be told from the machine's ups and downs. With no events kept both are
    empty: how far the ratio is from 1 says how far the others may be trusted.
    """
    urls = (empty, full)
    rates: dict[str, list[float]] = {url: [] for url in urls}
    with ExitStack() as stack:
        webs = {url: stack.enter_context(running_web(ROUTER, url, FETCH_INTERVAL="0")) for url in urls}
        clients = {url: stack.enter_context(client_of(url)) for url in urls}
        for turn in range(plan.rounds):
            write_requests(requests, plan.messages, OF_NECTAR)
            for url in urls if not number else (empty,):
                await _empty(url)
            # Whoever is started first has the machine to itself for a moment.
            both = urls[:: 1 if turn % 2 else -1]
            answered = await asyncio.gather(
                *(accepted(webs[url], clients[url], requests, plan.seconds, empty=False) for url in both)
            )
            for url, (rate, _) in zip(both, answered, strict=True):
                rates[url].append(rate)
    goal = GOAL if number >= FROM else None
    return ratio("growth", "accepted", "req/s", rates[full], "an empty journal", rates[empty], goal)


async def _empty(url: str) -> None:
    """Empty a journal, but for one event of each connection that the messages are about: both know them."""
    async with router.journal(url) as store:
        await store.redis.flushall()
        await router.accept(store, OF_NECTAR, OF_NECTAR, interval=0)
        await router.fetch(store, OF_NECTAR)
