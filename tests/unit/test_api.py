"""The handler contract: its frozen surface, what `@handler` refuses, and what a handler is given."""

import dataclasses
import inspect
import typing
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, JsonValue

import receiver.api
from receiver.api import (
    Change,
    Connection,
    Context,
    Done,
    Handler,
    Outcome,
    Rejected,
    RetryLater,
    Skipped,
    Status,
    handler,
)
from receiver.schema import Connection as SchemaConnection
from receiver.schema import Status as SchemaStatus
from receiver.testing import make_change, make_connection, make_context


class Options(BaseModel):
    """A handler's options."""

    team: str = "ops"


class Effect:
    """Something that must happen once; it counts how often it did."""

    def __init__(self, result: JsonValue = None, error: Exception | None = None) -> None:
        self.result, self.error, self.runs = result, error, 0

    async def __call__(self) -> JsonValue:
        self.runs += 1
        if self.error:
            raise self.error
        return self.result


KEPT: JsonValue = "kept"


class Kept:
    """A rehearsal that keeps what it is told in a list."""

    def __init__(self) -> None:
        self.effects: list[tuple[str, dict[str, JsonValue]]] = []

    async def keep(self, kind: str, what: Mapping[str, JsonValue]) -> None:
        self.effects.append((kind, dict(what)))


@pytest.fixture
def ctx() -> Context[Options]:
    """The context of a first attempt."""
    return make_context(Options(), link="https://dash.example/p/i/token")


@handler("pager", options=Options, changed={"status", "company"}, timeout=10)
async def pager(change: Change, ctx: Context[Options]) -> Outcome:
    """Page the engineer on call.

    And nobody else.
    """
    return Done(f"{ctx.options.team}-{change.version}")


@handler("plain")
async def plain(change: Change, ctx: Context) -> Outcome:
    return Skipped("nothing to do")


def fields(kind: Any) -> list[str]:
    """The names of a dataclass's fields."""
    return [field.name for field in dataclasses.fields(kind)]


def test_the_surface_is_exactly_this() -> None:
    """A handler written today runs next year: names are added with thought and never taken away."""
    assert set(receiver.api.__all__) == {
        "handler",
        "Handler",
        "Change",
        "Connection",
        "Status",
        "Context",
        "Outcome",
        "Done",
        "Skipped",
        "RetryLater",
        "Rejected",
    }


def test_what_a_handler_is_given_has_exactly_these_attributes() -> None:
    assert fields(Change) == ["connection", "previous_status", "changed", "events", "version"]
    public = {name for name in dir(Context) if not name.startswith("_")}
    assert public == {"options", "http", "log", "attempt", "idempotency_key", "memory"} | {
        "once",
        "reconnect_link",
        "outside",
        "steps",
        "make_link",
        "rehearsal",
        "turn",
        "company_connections",
        "list_company",
    }


def test_what_a_handler_answers_has_exactly_these_attributes() -> None:
    assert set(typing.get_args(Outcome)) == {Done, Skipped, RetryLater, Rejected}
    assert fields(Done) == ["reference"]
    assert fields(Skipped) == fields(Rejected) == ["reason"]
    assert fields(RetryLater) == ["after", "reason"]


def test_the_decorator_takes_exactly_these_arguments() -> None:
    assert list(inspect.signature(handler).parameters) == [
        *("name", "options", "changed"),
        *("timeout", "concurrency", "rate", "failures_to_open"),
    ]


def test_connection_and_status_are_those_of_the_schema() -> None:
    assert (Connection, Status) == (SchemaConnection, SchemaStatus)


def test_a_handler_knows_what_its_decorator_said() -> None:
    assert isinstance(pager, Handler)
    assert (pager.name, pager.options, pager.timeout) == ("pager", Options, 10)
    assert pager.changed == frozenset({"status", "company"})
    assert pager.summary == "Page the engineer on call."


def test_a_handler_that_says_nothing_has_no_options_any_change_and_half_a_minute() -> None:
    assert (plain.options.model_fields, plain.changed, plain.timeout) == ({}, None, 30)
    assert plain.summary == ""


@pytest.mark.parametrize("name", ["pager", "pager2", "pager-duty", "pager_duty", "a-1_b"])
def test_a_good_name_is_taken(name: str) -> None:
    assert handler(name)(plain.run).name == name


@pytest.mark.parametrize(
    "name",
    ["", "Pager", "pager duty", "2pager", "-pager", "pager-", "pager--duty", "päger", "pager\n", "a.b"],
)
def test_a_bad_name_is_refused_and_repeated(name: str) -> None:
    with pytest.raises(ValueError, match="use lower case letters and digits, words joined by '-'") as error:
        handler(name)
    assert repr(name) in str(error.value)


def test_a_decorator_without_its_parentheses_is_explained() -> None:
    with pytest.raises(ValueError, match=r"^handler name <function"):
        handler(pager.run)  # type: ignore[arg-type]  # the mistake that the test is about


@pytest.mark.parametrize("changed", [{"state"}, ["status", "state"], "state", {"publicCompanyId"}])
def test_an_attribute_that_a_connection_does_not_have_is_refused_with_those_it_has(
    changed: set[str] | list[str] | str,
) -> None:
    with pytest.raises(ValueError, match=r"'(state|publicCompanyId)'\] are no attributes") as error:
        handler("pager", changed=changed)
    assert "'pager'" in str(error.value)
    assert "public_company_id" in str(error.value)


@pytest.mark.parametrize("timeout", [0, -1, -0.5, float("nan"), float("inf")])
def test_a_timeout_that_leaves_no_time_or_never_ends_is_refused(timeout: float) -> None:
    with pytest.raises(ValueError, match=f"'pager': timeout={timeout}: Input should be"):
        handler("pager", timeout=timeout)


@pytest.mark.parametrize(
    "wrong", [{"concurrency": 0}, {"rate": 0.0}, {"rate": -1.0}, {"failures_to_open": 0}]
)
def test_a_schedule_by_which_nothing_would_ever_run_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"'pager': {next(iter(wrong))}="):
        handler("pager", **wrong)


def test_a_handler_keeps_the_schedule_that_it_declares() -> None:
    made = handler("pager", concurrency=2, rate=0.5, failures_to_open=3)(plain.run)
    declared = made.schedule
    assert (declared.concurrency, declared.rate, declared.failures_to_open) == (2, 0.5, 3)
    assert (plain.schedule.concurrency, plain.schedule.rate, plain.schedule.failures_to_open) == (
        None,
        None,
        5,
    )


@pytest.mark.anyio
async def test_what_goes_another_way_than_http_happens_in_earnest(ctx: Context[Options]) -> None:
    effect = Effect("sent")
    assert await ctx.outside("mail", {"to": "o***@example.com"}, effect, instead=KEPT) == "sent"
    assert effect.runs == 1


@pytest.mark.anyio
async def test_what_goes_another_way_than_http_is_only_kept_in_a_rehearsal(ctx: Context[Options]) -> None:
    effect, kept = Effect("sent"), Kept()
    rehearsed = dataclasses.replace(ctx, rehearsal=kept)
    assert await rehearsed.outside("mail", {"to": "o***@example.com"}, effect, instead=KEPT) == KEPT
    assert effect.runs == 0
    assert kept.effects == [("mail", {"to": "o***@example.com"})]


def sync(change: Change, ctx: Context[Any]) -> Outcome:
    return Done()


async def takes_one(change: Change) -> Outcome:
    return Done()


async def takes_three(change: Change, ctx: Context[Any], more: int) -> Outcome:
    return Done()


async def takes_keywords(*, change: Change, ctx: Context[Any]) -> Outcome:
    return Done()


@pytest.mark.parametrize("run", [sync, takes_one, takes_three, takes_keywords, "pager", None])
def test_what_is_no_coroutine_function_of_two_arguments_is_refused(run: Any) -> None:
    with pytest.raises(TypeError, match=r"^handler 'pager': expected 'async def f\(change, ctx\)', got"):
        handler("pager")(run)


@pytest.mark.parametrize(
    ("asked", "changed", "concerned"),
    [
        (None, {"url"}, True),
        (None, set(), True),
        ({"status"}, {"status", "url"}, True),
        ({"status", "url"}, {"url"}, True),
        ("status", {"status"}, True),
        ({"status"}, {"url"}, False),
        ({"status"}, set(), False),
    ],
)
def test_a_handler_is_concerned_by_the_changes_it_asked_for(
    asked: set[str] | str | None, changed: set[str], concerned: bool
) -> None:
    assert handler("pager", changed=asked)(plain.run).concerns(changed) is concerned


@pytest.mark.anyio
async def test_a_handler_can_be_called_as_the_function_that_it_was(ctx: Context[Options]) -> None:
    assert await pager(make_change(make_connection()), ctx) == Done("ops-1")


@pytest.mark.anyio
async def test_a_preflight_is_kept_with_its_handler() -> None:
    made = handler("pager", options=Options)(pager.run)
    assert made.check is None

    @made.preflight
    async def check(options: Options, http: httpx.AsyncClient) -> str:
        return f"found {options.team}"

    assert made.check is check


@pytest.mark.anyio
@pytest.mark.parametrize("result", ["ticket-7", None, 0, False, "", [], {"id": [1, None]}])
async def test_a_finished_step_runs_no_more_and_its_result_stays(
    ctx: Context[Options], result: JsonValue
) -> None:
    effect = Effect(result)
    assert [await ctx.once("ticket", effect) for _ in range(3)] == [result] * 3
    assert effect.runs == 1


@pytest.mark.anyio
async def test_a_step_that_failed_is_run_again(ctx: Context[Options]) -> None:
    broken, mended = Effect(error=ConnectionError("away")), Effect("ticket-7")
    with pytest.raises(ConnectionError):
        await ctx.once("ticket", broken)
    assert await ctx.once("ticket", mended) == "ticket-7"
    assert mended.runs == 1


@pytest.mark.anyio
async def test_each_step_is_its_own(ctx: Context[Options]) -> None:
    assert await ctx.once("ticket", Effect("ticket-7")) == "ticket-7"
    assert await ctx.once("mail", Effect("sent")) == "sent"


@pytest.mark.anyio
async def test_the_reconnect_link_is_made_when_it_is_asked_for(ctx: Context[Options]) -> None:
    assert await ctx.reconnect_link() == "https://dash.example/p/i/token"


@pytest.mark.anyio
async def test_a_link_that_cannot_be_made_fails_the_attempt(ctx: Context[Options]) -> None:
    async def away() -> str | None:
        raise ConnectionError("Nectar is away")

    with pytest.raises(ConnectionError, match="Nectar is away"):
        await dataclasses.replace(ctx, make_link=away).reconnect_link()


@pytest.mark.parametrize(
    ("after", "seconds"),
    [(60, 60), (0.5, 0.5), (timedelta(minutes=2), 120), (0, 0), (-5, 0), (timedelta(seconds=-5), 0)],
)
def test_later_is_a_number_of_seconds_and_never_in_the_past(after: float | timedelta, seconds: float) -> None:
    assert RetryLater(after).seconds == seconds


@pytest.mark.parametrize("outcome", [Done("7"), Skipped("no"), RetryLater(1, "no"), Rejected("no")], ids=repr)
def test_an_outcome_is_a_value(outcome: Outcome) -> None:
    assert outcome == dataclasses.replace(outcome)
    for name in fields(outcome):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(outcome, name, "another")


def test_a_handler_can_say_what_it_needs_at_its_target() -> None:
    made = handler("pager")(plain.run)
    assert (made.check, made.double, made.make) == (None, None, None)

    @made.setup
    async def make_properties(options: BaseModel, http: httpx.AsyncClient) -> list[str]:
        return ["made a property"]

    assert made.make is make_properties
