"""What a handler keeps from one attempt to the next: its memory and its finished steps."""

from typing import Any

import pytest

from receiver.api import Change, Context, Done
from receiver.journal import deliver
from receiver.journal.deliveries import LONGEST_MEMORY
from tests.integration.bench import Recorder, bench

pytestmark = pytest.mark.anyio


async def test_memory_is_kept_after_each_attempt_good_or_bad(redis_url: str) -> None:
    async def run(change: Change, ctx: Context[Any]) -> Any:
        seen.append(dict(ctx.memory))
        ctx.memory["count"] = len(seen)
        if len(seen) == 1:
            raise ValueError
        return Done()

    seen: list[dict[str, Any]] = []
    one = Recorder("a", run, run, run)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        await running.pass_time()
        await running.happen(connection, status="PENDING")
        assert seen == [{}, {"count": 1}, {"count": 2}]


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, "half \ud83d", "x" * LONGEST_MEMORY], ids=["object", "set", "half", "long"]
)
async def test_memory_that_cannot_be_kept_is_a_dead_letter_that_says_so(redis_url: str, value: Any) -> None:
    async def run(change: Change, ctx: Context[Any]) -> Any:
        ctx.memory["wrong"] = value
        return Done()

    one = Recorder("a", run)
    async with bench(redis_url, one) as running:
        kept = await running.die(one)
        assert "ctx.memory cannot be kept" in kept["reason"]
        assert len(one.shown) == 1


async def test_a_finished_step_is_not_run_again_when_the_handler_fails_after_it(redis_url: str) -> None:
    sent: list[str] = []

    async def send() -> str:
        sent.append("mail")
        return "id-1"

    async def run(change: Change, ctx: Context[Any]) -> Any:
        assert await ctx.once("mail", send) == "id-1"
        if ctx.attempt < 3:
            raise ValueError
        return Done()

    one = Recorder("a", *[run] * 4)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        await running.pass_time()
        await running.pass_time()
        assert (len(one.shown), sent) == (3, ["mail"])
        await running.happen(connection, status="PENDING")
        assert sent == ["mail", "mail"], "a success ends the episode"


async def test_a_step_is_run_again_when_the_process_died_before_it_was_recorded(redis_url: str) -> None:
    """At least once: the effect, then its record."""
    sent: list[int] = []

    async def send() -> int:
        sent.append(1)
        if len(sent) == 1:
            raise ConnectionError
        return 1

    async def run(change: Change, ctx: Context[Any]) -> Any:
        await ctx.once("mail", send)
        return Done()

    one = Recorder("a", run, run)
    async with bench(redis_url, one) as running:
        await running.happen(running.nectar.add("connected"))
        await running.pass_time()
        assert len(sent) == 2


async def test_what_a_hand_does_after_its_lease_ran_out_is_not_recorded(redis_url: str) -> None:
    """Another has taken it over: neither steps nor the outcome of the first may count."""
    async with bench(redis_url) as running:
        journal = running.journal

        async def run(change: Change, ctx: Context[Any]) -> Any:
            connection = str(change.connection.id)
            await journal.make_due(deliver("a", connection))
            assert await journal.take("a", connection) is not None
            await ctx.once("mail", answer)
            raise AssertionError("not reached: the step could not be recorded")

        async def answer() -> str:
            return "sent"

        one = Recorder("a", run)
        async with bench(redis_url, one) as running:
            connection = running.nectar.add("connected")
            await running.happen(connection)
            kept = await running.kept("a", connection)
            assert "outcome" not in kept
            assert "reason" not in kept
            assert await running.journal.redis.keys("nectar:steps:*") == []
