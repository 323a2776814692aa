"""What becomes of a delivery when its handler raises, hangs, or dies with its process."""

import asyncio
import sys
from typing import Any

import httpx
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from receiver.api import Change, Context, Done, handler
from receiver.journal import deliver, refresh
from receiver.journal.store import key
from receiver.policy import MAX_ATTEMPTS
from receiver.simulator import Fault
from tests.integration.bench import Recorder, bench

pytestmark = pytest.mark.anyio


async def test_an_exception_is_retried_until_the_attempts_are_used_up(redis_url: str) -> None:
    one = Recorder("a", *[ValueError("no such field")] * MAX_ATTEMPTS)
    async with bench(redis_url, one) as running:
        kept = await running.die(one)
        assert kept["reason"] == "ValueError: no such field"
        assert [each.attempt for each in one.contexts] == list(range(1, MAX_ATTEMPTS + 1))
        assert len({each.idempotency_key for each in one.contexts}) == 1


async def test_the_wait_between_attempts_grows(redis_url: str) -> None:
    one = Recorder("a", *[ValueError()] * 6)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        waits = []
        for _ in range(5):
            waits.append(await running.journal.delay_of(deliver("a", connection)))
            await running.pass_time()
        assert 1 <= waits[0] <= 2
        assert 16 <= waits[4] <= 32


async def test_promise_10_a_dead_letter_holds_the_traceback_without_secrets(redis_url: str) -> None:
    async def run(change: Change, ctx: Context[Any]) -> Any:
        link = await ctx.reconnect_link()
        raise ValueError(f"cannot mail {link} to {change.connection.workflow_owner_email}")

    one = Recorder("a", *[run] * MAX_ATTEMPTS)
    async with bench(redis_url, one) as running:
        kept = await running.die(one)
        [known] = running.nectar.connections.values()
        for where in (kept["reason"], kept["trace"]):
            assert "cannot mail https://dash.nectarclimate.com/[redacted] to " in where
            assert known["connectionMagicLinkSecret"] not in where
            assert known["workflowOwnerEmail"] not in where
        assert "Traceback" in kept["trace"]
        assert "in run" in kept["trace"]


class Panic(BaseException):
    """As some libraries raise it when they give up."""


@pytest.mark.parametrize(
    "raised",
    [
        SystemExit(1),
        KeyboardInterrupt(),
        Panic("index out of bounds"),
        asyncio.CancelledError(),
        TimeoutError(),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_promise_5_whatever_a_handler_raises_is_its_own_failure(
    redis_url: str, raised: BaseException
) -> None:
    one, two = Recorder("a", raised, raised), Recorder("b")
    async with bench(redis_url, one, two) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert type(raised).__name__ in (await running.kept("a", connection))["reason"]
        assert (await running.kept("b", connection))["outcome"] == "done"
        for _ in range(2):
            await running.pass_time()
        assert [each.attempt for each in one.contexts] == [1, 2, 3]
        assert (await running.kept("a", connection))["outcome"] == "done"


async def test_sys_exit_in_a_handler_ends_the_attempt_and_not_the_worker(redis_url: str) -> None:
    async def run(change: Change, ctx: Context[Any]) -> Any:
        sys.exit("no credentials")

    one = Recorder("a", run)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert (await running.kept("a", connection))["reason"] == "SystemExit: no credentials"


async def test_a_handler_that_takes_too_long_is_stopped_and_tried_again(redis_url: str) -> None:
    calls: list[int] = []

    @handler("slow", timeout=0.05)
    async def slow(change: Change, ctx: Context[Any]) -> Any:
        calls.append(ctx.attempt)
        await asyncio.sleep(3600 if ctx.attempt == 1 else 0)
        return Done()

    async with bench(redis_url, slow) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert (await running.kept("slow", connection))["reason"] == "took longer than its 0.05 s"
        await running.pass_time()
        assert calls == [1, 2]
        assert (await running.kept("slow", connection))["outcome"] == "done"


async def test_a_worker_that_is_stopped_gives_back_what_it_had_in_hand(redis_url: str) -> None:
    began = asyncio.Event()

    async def run(change: Change, ctx: Context[Any]) -> Any:
        began.set()
        await asyncio.sleep(3600)

    one = Recorder("a", run)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.journal.accept(connection)
        await running.do(refresh(connection))
        working = asyncio.create_task(running.do(deliver("a", connection)))
        await began.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        await running.work_off()
        assert [each.attempt for each in one.contexts] == [1, 1]
        assert (await running.kept("a", connection))["outcome"] == "done"


async def test_a_fetch_that_is_stopped_is_given_back(redis_url: str) -> None:
    async with bench(redis_url, Recorder()) as running:
        connection = running.nectar.add("connected")
        running.nectar.faults.set(Fault(slow=60, times=1))
        await running.journal.accept(connection)
        working = asyncio.create_task(running.do(refresh(connection)))
        await running.nectar.requests.wait_for(lambda: running.nectar.requests.in_flight == 1)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert await running.due() == [refresh(connection)]


async def test_the_journal_s_trouble_is_not_the_handler_s_and_a_redis_of_its_own_is(redis_url: str) -> None:
    one = Recorder("a", RedisConnectionError("the handler's own Redis is away"))
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert "the handler's own Redis" in (await running.kept("a", connection))["reason"]


async def test_what_is_kept_of_a_connection_and_cannot_be_read_says_so(redis_url: str) -> None:
    """As after going back to an older release."""
    one = Recorder("a", ValueError())
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        await running.journal.redis.hset(key("connection", connection), "snapshot", '{"id":"no"}')
        await running.pass_time()
        assert (await running.kept("a", connection))["reason"].startswith("ValidationError")
        assert await running.journal.lists(deliver("a", connection)) == {"due"}


async def test_work_over_which_process_after_process_dies_is_a_dead_letter(redis_url: str) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.journal.accept(connection)
        await running.do(refresh(connection))
        for _ in range(10):
            assert await running.journal.take("a", connection) is not None
            await running.journal.make_due(deliver("a", connection))
        await running.work_off()
        assert one.shown == []
        assert "died over it" in (await running.kept("a", connection))["reason"]
        assert await running.journal.lists(deliver("a", connection)) == {"dead"}


async def test_fetching_over_which_process_after_process_dies_is_a_dead_letter(redis_url: str) -> None:
    async with bench(redis_url, Recorder()) as running:
        connection = running.nectar.add("connected")
        await running.journal.accept(connection)
        for _ in range(10):
            await running.journal.take_fetch(connection)
            await running.journal.make_due(refresh(connection))
        await running.work_off()
        assert running.nectar.requests.matching("/details") == []
        assert await running.journal.lists(refresh(connection)) == {"dead"}


async def test_a_handler_s_own_http_error_says_whom_it_asked_and_what_was_answered(redis_url: str) -> None:
    request = httpx.Request("POST", "https://tickets.example/issues?token=abc")
    error = httpx.HTTPStatusError("400", request=request, response=httpx.Response(400, request=request))
    one = Recorder("a", error)
    async with bench(redis_url, one) as running:
        kept = await running.die(one)
        assert kept["reason"] == "POST tickets.example answered 400"
        assert len(one.shown) == 1
