"""run_handler: one attempt, as the router would make it."""

import asyncio
import logging
import time
from typing import Any

import httpx
import pytest
import structlog
from pydantic import BaseModel, JsonValue, SecretStr

from receiver.api import Change, Context, Done, Outcome, Rejected, RetryLater, Skipped, handler
from receiver.policy import MAX_ATTEMPTS
from receiver.testing import (
    FakeHTTP,
    MemorySteps,
    NoAnswerError,
    make_change,
    make_connection,
    run_handler,
    run_handler_sync,
)

pytestmark = pytest.mark.anyio

URL = "https://pager.example.com/pages"
CHANGE = make_change(make_connection("PASSWORD_INCORRECT"))


class Options(BaseModel):
    token: SecretStr


@handler("pager", options=Options, timeout=5)
async def pager(change: Change, ctx: Context[Options]) -> Outcome:
    """Page, and remember it."""
    reply = await ctx.http.post(URL, headers={"Idempotency-Key": ctx.idempotency_key})
    reply.raise_for_status()
    ctx.memory["page"] = reply.json()["id"]
    return Done(reply.json()["id"])


def answering(outcome: Any) -> Any:
    """A handler that answers this, or raises it."""

    @handler("answering")
    async def answer(change: Change, ctx: Context) -> Outcome:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome  # type: ignore[no-any-return]  # whatever a test likes

    return answer


async def test_what_it_did_and_remembered_is_told() -> None:
    run = await run_handler(pager, CHANGE, http=FakeHTTP({"POST /pages": {"id": "page-7"}}))
    assert (run.went, run.outcome, run.reason, run.after) == ("done", Done("page-7"), "page-7", None)
    assert run.memory == {"page": "page-7"}
    assert [effect.what["url"] for effect in run.effects] == [URL]
    assert run.requests[0].headers["idempotency-key"] == run.idempotency_key


@pytest.mark.parametrize(
    ("outcome", "went", "reason"),
    [
        (Skipped("no need"), "skipped", "no need"),
        (RetryLater(60, "not yet"), "later", "not yet"),
        (Rejected("never"), "reject", "never"),
        (None, "reject", "returned NoneType: a handler returns Done, Skipped, RetryLater or Rejected"),
        (ValueError("a bug"), "retry", "ValueError: a bug"),
        (PermissionError("go away"), "park", "PermissionError: go away"),
        (SystemExit(1), "retry", "SystemExit: 1"),
        (asyncio.CancelledError(), "retry", "CancelledError"),
    ],
)
async def test_it_goes_as_the_router_would_say(outcome: Any, went: str, reason: str) -> None:
    run = await run_handler(answering(outcome), CHANGE)
    assert (run.went, run.reason) == (went, reason)
    assert run.ended_well is (went == "skipped")
    assert (run.after is not None) is (went in ("later", "retry"))


async def test_the_last_attempt_that_fails_is_a_dead_letter() -> None:
    assert (await run_handler(answering(ValueError()), CHANGE, attempt=MAX_ATTEMPTS)).went == "dead"


async def test_a_target_that_asks_for_patience_is_given_it() -> None:
    http = FakeHTTP()
    http.fail_with(429, headers={"Retry-After": "120"}, times=1)
    run = await run_handler(pager, CHANGE, http=http)
    assert (run.went, run.after, run.error.__class__) == ("retry", 120, httpx.HTTPStatusError)
    assert run.setback is not None
    assert run.setback.asked
    assert (await run_handler(pager, CHANGE, http=http)).went == "done"


async def test_a_target_that_refuses_us_parks_the_handler() -> None:
    http = FakeHTTP()
    http.fail_with(401)
    run = await run_handler(pager, CHANGE, http=http)
    assert (run.went, run.after) == ("park", None)


async def test_a_handler_that_takes_too_long_is_cut_off() -> None:
    http = FakeHTTP()
    http.hang()
    run = await run_handler(pager, CHANGE, http=http, timeout=0.01)
    assert (run.went, run.reason, run.overran) == ("retry", "took longer than its 0.01 s", True)


async def test_the_key_is_the_same_for_each_attempt_at_a_version_and_another_for_the_next() -> None:
    keys = [
        (
            await run_handler(pager, make_change(CHANGE.connection, version=version), attempt=attempt)
        ).idempotency_key
        for version, attempt in ((1, 1), (1, 2), (2, 1))
    ]
    assert keys[0] == keys[1] != keys[2]


async def test_memory_is_handed_over_and_what_was_given_stays_as_it_was() -> None:
    given: dict[str, JsonValue] = {"seen": [1]}

    @handler("rememberer")
    async def remember(change: Change, ctx: Context) -> Outcome:
        seen = ctx.memory["seen"]
        assert isinstance(seen, list)
        seen.append(2)
        raise ValueError("a bug: what is remembered is kept all the same")

    assert (await run_handler(remember, CHANGE, memory=given)).memory == {"seen": [1, 2]}
    assert given == {"seen": [1]}


@pytest.mark.parametrize(
    ("value", "reason"), [(object(), "put only JSON values"), ("x" * 20_000, "at most 16384")]
)
async def test_memory_that_cannot_be_kept_is_rejected_and_what_was_before_is_kept(
    value: Any, reason: str
) -> None:
    @handler("hoarder")
    async def hoard(change: Change, ctx: Context) -> Outcome:
        ctx.memory["much"] = value
        return Done()

    run = await run_handler(hoard, CHANGE, memory={"little": 1})
    assert run.went == "reject"
    assert reason in run.reason
    assert run.memory == {"little": 1}


async def test_a_finished_step_is_not_run_again_by_the_next_attempt() -> None:
    steps, runs = MemorySteps(), []

    @handler("stepper")
    async def step(change: Change, ctx: Context) -> Outcome:
        async def effect() -> None:
            runs.append(ctx.attempt)

        await ctx.once("effect", effect)
        return Done()

    for attempt in (1, 2):
        await run_handler(step, CHANGE, steps=steps, attempt=attempt)
    assert runs == [1]


async def outsider_effect() -> None:
    raise ConnectionError("reached the outside")


@handler("outsider")
async def outsider(change: Change, ctx: Context) -> Outcome:
    await ctx.outside("mail", {"to": "the owner"}, outsider_effect, instead=None)
    return Done()


async def test_with_a_made_up_target_what_goes_by_outside_is_only_kept() -> None:
    run = await run_handler(outsider, CHANGE)
    assert (run.went, [effect.kind for effect in run.effects]) == ("done", ["mail"])


async def test_with_a_client_of_httpx_it_is_in_earnest() -> None:
    run = await run_handler(outsider, CHANGE, http=httpx.AsyncClient())
    assert run.reason == "ConnectionError: reached the outside"


async def test_what_is_logged_in_any_way_is_heard_and_each_run_hears_its_own() -> None:
    @handler("logger")
    async def log(change: Change, ctx: Context) -> Outcome:
        ctx.log.info("one", of=change.version)
        await asyncio.sleep(0.01)
        structlog.get_logger("elsewhere").warning("two")
        logging.getLogger("library").info("three %s", change.version)
        logging.getLogger("httpx").info("a line for each request")
        # As structlog hands its lines on, where it is set up so.
        logging.getLogger("handlers.logger").info({"event": "one"})
        return Done()

    changes = [make_change(CHANGE.connection, version=version) for version in (1, 2)]
    for run, version in zip(
        await asyncio.gather(*(run_handler(log, each) for each in changes)), (1, 2), strict=True
    ):
        assert [line["event"] for line in run.log] == ["one", "two", f"three {version}"]
        assert [line["log_level"] for line in run.log] == ["info", "warning", "info"]
        assert run.log[0]["of"] == version
    assert not logging.getLogger("library").isEnabledFor(logging.INFO)


async def test_secrets_are_not_in_what_is_told_of_a_failure() -> None:
    @handler("teller", options=Options)
    async def tell(change: Change, ctx: Context[Options]) -> Outcome:
        raise ValueError(f"token {ctx.options.token.get_secret_value()} of owner@northwind.example")

    run = await run_handler(tell, CHANGE, Options(token=SecretStr("hush-hush")))
    assert run.reason == "ValueError: token [redacted] of o***@northwind.example"
    assert run.setback is not None
    assert "hush-hush" not in run.setback.trace


async def test_what_a_tests_own_answers_raise_is_the_tests_failure() -> None:
    @handler("swallower", options=Options)
    async def swallow(change: Change, ctx: Context[Options]) -> Outcome:
        try:
            return await pager(change, ctx)
        except Exception:  # noqa: BLE001 - the mistake
            return Done()

    with pytest.raises(NoAnswerError):
        await run_handler(swallow, CHANGE, http=FakeHTTP({}))


async def test_after_a_death_memory_is_as_it_was_before() -> None:
    http = FakeHTTP()
    http.die_after(1)
    run = await run_handler(pager, CHANGE, http=http, memory={"page": "old"})
    assert (run.went, run.memory, len(run.effects)) == ("died", {"page": "old"}, 1)
    assert (await run_handler(pager, CHANGE, http=http)).went == "done"


@handler("sleeper")
async def sleeper(change: Change, ctx: Context) -> Outcome:
    time.sleep(0.5)  # noqa: ASYNC251 - the mistake
    return Done()


@handler("waiter")
async def waiter(change: Change, ctx: Context) -> Outcome:
    await asyncio.sleep(0.5)
    return Done()


async def test_a_handler_that_holds_up_the_event_loop_is_caught_at_the_line() -> None:
    run = await run_handler(sleeper, CHANGE)
    assert run.blocked > 0.1
    assert run.blocked_at.startswith("test_testkit_running.py:")
    assert "in sleeper: time.sleep(0.5)" in run.blocked_at


async def test_a_handler_that_waits_holds_up_nothing() -> None:
    run = await run_handler(waiter, CHANGE)
    assert (run.blocked, run.blocked_at) == (0.0, "")


async def test_a_made_up_target_that_takes_its_time_is_not_the_handlers_doing() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        time.sleep(0.5)
        return httpx.Response(201, json={"id": "page-7"})

    assert (await run_handler(pager, CHANGE, http=FakeHTTP(answer))).blocked == 0.0


async def test_whoever_cancels_the_test_cancels_the_handler() -> None:
    task = asyncio.ensure_future(run_handler(waiter, CHANGE))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_it_runs_in_tests_that_are_no_coroutines() -> None:
    assert run_handler_sync(pager, CHANGE).went == "done"


async def test_the_same_runs_where_an_event_loop_is_running() -> None:
    assert run_handler_sync(pager, CHANGE).went == "done"
