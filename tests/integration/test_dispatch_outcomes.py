"""What becomes of whatever a handler answers."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from receiver.api import Change, Context, Done, Rejected, RetryLater, Skipped
from receiver.journal import deliver
from receiver.policy import MAX_ATTEMPTS
from receiver.simulator import Fault
from receiver.telemetry import name_delivery
from tests.integration.bench import Recorder, bench

pytestmark = pytest.mark.anyio


async def test_done_is_recorded_with_what_the_other_system_calls_it(redis_url: str) -> None:
    one = Recorder("a", Done("T-1"))
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        kept = await running.kept("a", connection)
        assert (kept["outcome"], kept["detail"], kept["status"]) == ("done", "T-1", "CONNECTED")
        assert await running.journal.lists(deliver("a", connection)) == set()


async def test_skipped_is_recorded_with_its_reason(redis_url: str) -> None:
    one = Recorder("a", Skipped("the owner is not needed"))
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        kept = await running.kept("a", connection)
        assert (kept["outcome"], kept["detail"]) == ("skipped", "the owner is not needed")


async def test_rejected_is_a_dead_letter_at_once(redis_url: str) -> None:
    one = Recorder("a", Rejected("the project is closed"))
    async with bench(redis_url, one) as running:
        assert (await running.die(one))["reason"] == "the project is closed"
        assert len(one.shown) == 1


@pytest.mark.parametrize("after", [3600, timedelta(hours=1)])
async def test_retry_later_is_shown_the_connection_again_freshly_fetched(redis_url: str, after: Any) -> None:
    one = Recorder("a", RetryLater(after, "still pending"))
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("created")
        await running.happen(connection)
        assert await running.journal.delay_of(deliver("a", connection)) == 3600
        running.nectar.edit(connection, status="CONNECTED")
        await running.pass_time()
        assert one.statuses == ["PENDING", "CONNECTED"]
        assert [each.attempt for each in one.contexts] == [1, 1]
        assert len(running.nectar.requests.matching("/details")) == 2


async def test_retry_later_is_shown_it_again_though_nothing_changed(redis_url: str) -> None:
    """A handler escalates what lasts: it must come to see that nothing has changed."""
    one = Recorder("a", *[RetryLater(60)] * 3)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("website-down")
        await running.happen(connection)
        for _ in range(3):
            await running.pass_time()
        assert one.statuses == ["WEBSITE_DOWN"] * 4
        assert len(running.nectar.requests.matching("/details")) == 4
        assert {change.version for change in one.shown} == {1}


async def test_retry_later_waits_while_nectar_is_away(redis_url: str) -> None:
    one = Recorder("a", RetryLater(60))
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("created")
        await running.happen(connection)
        running.nectar.faults.set(Fault(status=401))
        for _ in range(3):
            await running.pass_time()
        assert len(one.shown) == 1
        running.nectar.faults.clear()
        await running.pass_time()
        assert len(one.shown) == 2


async def test_retry_later_at_once_leaves_nectar_a_second(redis_url: str) -> None:
    one = Recorder("a", RetryLater(0))
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("created")
        await running.happen(connection)
        assert await running.journal.delay_of(deliver("a", connection)) == 1


@pytest.mark.parametrize("after", [float("inf"), 1e12, float("nan"), -1])
async def test_retry_later_takes_any_number(redis_url: str, after: float) -> None:
    one = Recorder("a", RetryLater(after))
    async with bench(redis_url, one) as running:
        await running.happen(running.nectar.add("created"))
        await running.pass_time()
        assert len(one.shown) >= 2


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "returned NoneType: a handler returns Done, Skipped, RetryLater or Rejected"),
        ("ok", "returned str: a handler returns"),
        (Done, "returned type: a handler returns"),
    ],
)
async def test_an_answer_that_is_no_outcome_is_a_dead_letter_that_says_so(
    redis_url: str, answer: Any, told: str
) -> None:
    async def run(change: Change, ctx: Context[Any]) -> Any:
        return answer

    one = Recorder("a", run)
    async with bench(redis_url, one) as running:
        assert told in (await running.die(one))["reason"]
        assert len(one.shown) == 1


@pytest.mark.parametrize(
    "odd",
    [
        RetryLater("soon"),  # type: ignore[arg-type]  # as an author without a type checker writes it
        RetryLater(None),  # type: ignore[arg-type]  # see above
    ],
)
async def test_an_outcome_that_cannot_be_read_is_the_handler_s_failure(
    redis_url: str, odd: RetryLater
) -> None:
    one = Recorder("a", *[odd] * MAX_ATTEMPTS)
    async with bench(redis_url, one) as running:
        assert "TypeError" in (await running.die(one))["reason"]


async def test_outcomes_are_kept_whatever_was_put_into_them(redis_url: str) -> None:
    odd: Any = [Done(7), Done("x" * 1_000_000), Skipped(None), Skipped("half \ud83d"), Done("")]  # type: ignore[arg-type]  # see above
    one = Recorder("a", *odd)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        details = []
        for number in range(5):
            await running.happen(connection, url=f"https://{number}.example")
            details.append((await running.kept("a", connection))["detail"])
        assert details == ["7", "x" * 1000, "None", "half ?", ""]


async def test_what_a_handler_says_names_it_its_connection_and_the_version(redis_url: str) -> None:
    async def speak(change: Change, ctx: Context[Any]) -> Done:
        ctx.log.info("spoken")
        return Done()

    async with bench(redis_url, Recorder("a", speak, speak)) as running:
        connection = running.nectar.add("connected")
        with capture_logs(processors=[name_delivery]) as said:
            await running.happen(connection)
            await running.nectar.change(connection, status="PENDING")
            await running.happen(connection)
    names = ("handler", "connection", "version")
    named = [tuple(line[name] for name in names) for line in said if line["event"] == "spoken"]
    assert named == [("a", connection, 1), ("a", connection, 2)]
