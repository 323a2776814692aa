"""Whether a journal that keeps many events takes more in as fast as an empty one: rounds on both by turns."""

from contextlib import ExitStack
from pathlib import Path
from statistics import mean

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
    """Rounds on both by turns, there and back: what grows or shrinks meanwhile does so for both.

    With no events kept both are empty: how far the ratio is from 1 says how far the others may be trusted.
    """
    rates: dict[str, list[float]] = {empty: [], full: []}
    with ExitStack() as stack:
        webs = {url: stack.enter_context(running_web(ROUTER, url, FETCH_INTERVAL="0")) for url in rates}
        clients = {url: stack.enter_context(client_of(url)) for url in rates}
        for _ in range(plan.rounds):
            turns: dict[str, list[float]] = {empty: [], full: []}
            for url in (empty, full, full, empty):
                write_requests(requests, plan.messages, OF_NECTAR)
                if url == empty or not number:
                    await _empty(url)
                rate, _ = await accepted(webs[url], clients[url], requests, plan.seconds / 2, empty=False)
                turns[url].append(rate)
            for url, both in turns.items():
                rates[url].append(mean(both))
    goal = GOAL if number >= FROM else None
    return ratio("growth", "accepted", "req/s", rates[full], "an empty journal", rates[empty], goal)


async def _empty(url: str) -> None:
    """Empty a journal, but for one event of each connection that the messages are about: both know them."""
    async with router.journal(url) as store:
        await store.redis.flushall()
        await router.accept(store, OF_NECTAR, OF_NECTAR, interval=0)
        await router.fetch(store, OF_NECTAR)
