"""A handler's schedule, as it declares it and as the environment overrides it."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from pydantic import JsonValue

from receiver.api import Change, Context, Done, Outcome, Schedule
from receiver.journal import deliver
from receiver.registry import Enabled
from tests.integration.bench import Answer, Recorder, bench, target

pytestmark = pytest.mark.anyio


def scheduled(given: Enabled | Recorder, **schedule: Any) -> Enabled:
    """A handler under another schedule."""
    if isinstance(given, Recorder):
        given = Enabled(given.handler, given.handler.options(), given.handler.schedule)
    return replace(given, schedule=Schedule(**schedule))


def times(moments: list[float]) -> Answer:
    """A handler that reaches out by another way than HTTP, and notes when."""

    async def reach_out(change: Change, ctx: Context[Any]) -> Outcome:
        async def note() -> JsonValue:
            moments.append(asyncio.get_running_loop().time())
            return None

        await ctx.outside("mail", {}, note, instead=None)
        return Done()

    return reach_out


async def test_the_timeout_of_the_schedule_holds(redis_url: str) -> None:
    async def sleeps(change: Change, ctx: Context[Any]) -> Outcome:
        await asyncio.sleep(30)
        return Done()

    one = Recorder("a", sleeps)
    async with bench(redis_url, scheduled(one, timeout=0.1)) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert (await running.kept("a", connection))["reason"] == "took longer than its 0.1 s"


async def test_the_breaker_opens_after_as_many_failures_as_the_schedule_says(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, scheduled(tool.handler(), failures_to_open=1)) as running:
        tool.status = 503
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert await running.journal.lists(deliver("pager", connection)) == {"parked:pager"}


async def test_the_rate_holds_over_all_workers_and_both_ways_out(redis_url: str) -> None:
    """By two dispatchers, as two workers have: no two requests are closer than the rate allows."""
    moments: list[float] = []
    one = Recorder("a", *[times(moments)] * 12)
    slow = scheduled(one, rate=20)
    async with bench(redis_url, slow) as running, bench(redis_url, slow) as beside:
        connections = [running.nectar.add("connected") for _ in range(12)]
        beside.nectar.connections.update(running.nectar.connections)
        for connection in connections:
            await running.journal.accept(connection)
        await asyncio.gather(*(running.dispatch.refresh(connection) for connection in connections))
        deliveries = [
            (running if number % 2 else beside).dispatch.deliver("a", connection)
            for number, connection in enumerate(connections)
        ]
        await asyncio.gather(*deliveries)
    assert len(moments) == 12
    # Sleeps end late rather than early: closer than half of it, two had the same turn.
    assert min(later - sooner for sooner, later in pairwise(sorted(moments))) > 0.02
    assert max(moments) - min(moments) > 0.5


async def test_requests_by_http_take_their_turn_too_and_waiting_for_it_is_not_the_handler_s_time(
    redis_url: str,
) -> None:
    async with target() as tool, bench(redis_url, scheduled(tool.handler(), rate=4, timeout=0.7)) as running:
        connections = [running.nectar.add("connected") for _ in range(6)]
        for connection in connections:
            await running.journal.accept(connection)
        began = asyncio.get_running_loop().time()
        await running.work_off()
        assert asyncio.get_running_loop().time() - began > 1.2
        for connection in connections:
            assert (await running.kept("pager", connection))["outcome"] == "done"


async def test_a_handler_without_a_rate_waits_for_nobody(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, tool.handler()) as running:
        for _ in range(5):
            await running.happen(running.nectar.add("connected"))
        assert len(tool.calls) == 5
        assert not await running.journal.redis.exists("nectar:pace:pager")
