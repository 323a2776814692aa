"""The contract suite finds nothing in handlers that keep the contract, each in its own way."""

import asyncio
from typing import Any

import httpx
import pytest

from handlers.email import email
from handlers.log import log
from receiver.api import Change, Context, Done, Handler, Outcome, Skipped, handler
from receiver.testing import check_handler, contract_report
from receiver.testing.contract import Report
from tests.handlers.right_handlers import RIGHT, Options, looks_up, owner_watcher, searches, ticket
from tests.handlers.wrong_handlers import real_target


@pytest.mark.parametrize("right", [*RIGHT, email, log], ids=lambda each: each.name)
def test_nothing_is_found_in_a_handler_that_keeps_the_contract(right: Handler[Any]) -> None:
    check_handler(right)


@pytest.fixture(scope="module")
def report() -> Report:
    """Of a handler that opens a ticket and closes it."""
    return contract_report(ticket)


@pytest.mark.parametrize(
    ("told", "went"),
    [
        ("WEBSITE_DOWN at first sight", ["skipped"]),
        ("CONNECTED, then PASSWORD_INCORRECT, then CONNECTED", ["skipped", "done", "done"]),
        ("a status that Nectar has added", ["skipped", "done", "skipped", "done"]),
        ("PASSWORD_INCORRECT, and that once more", ["done", "done"]),
        (
            "PASSWORD_INCORRECT; the process dies after effect 1, and another takes over",
            ["died", "done"],
        ),
        ("PASSWORD_INCORRECT; effect 1 is answered 401", ["park", "done"]),
        ("PASSWORD_INCORRECT; effect 1 is answered 429, Retry-After as a date", ["retry", "done"]),
        ("PASSWORD_INCORRECT; effect 1 is never answered", ["retry", "done"]),
        (
            "CONNECTED, then PASSWORD_INCORRECT, then CONNECTED; effect 1 times out",
            ["skipped", "done", "retry", "done"],
        ),
    ],
)
def test_each_scene_tells_how_it_went(report: Report, told: str, went: list[str]) -> None:
    [scene] = [scene for scene in report.scenes if scene.told == told]
    assert list(scene.went) == went
    assert scene.findings == ()


def test_every_status_is_shown_at_first_sight(report: Report) -> None:
    assert sum(scene.told.endswith("at first sight") for scene in report.scenes) == 12


def test_a_handler_that_does_several_things_is_cut_off_after_each() -> None:
    told = [scene.told for scene in contract_report(looks_up).scenes]
    for effect in (1, 2, 3):
        assert f"PASSWORD_INCORRECT; the process dies after effect {effect}, and another takes over" in told


def test_a_handler_is_shown_news_in_what_it_asked_for_when_that_is_not_the_status() -> None:
    scenes = contract_report(owner_watcher).scenes
    [scene] = [each for each in scenes if each.told == "CONNECTED, then PASSWORD_INCORRECT, then CONNECTED"]
    assert scene.went == ("done", "done", "done")


def test_each_scene_has_a_stand_in_of_its_own() -> None:
    """Otherwise the ticket of an earlier scene would be found, and none be made."""
    assert searches.double is not None
    report = contract_report(searches)
    assert report.scenes[0].went == ("done",)
    assert sum(scene.went == ("done",) for scene in report.scenes) > 1


def test_answers_can_be_given_for_this_check_alone() -> None:
    check_handler(real_target, answer={"POST *": {"ticket": {"key": "OPS-1"}}})


def test_a_stand_in_that_remembers_can_be_given_for_this_check_alone() -> None:
    def target(options: Any) -> Any:
        return lambda request: httpx.Response(200, json={"ticket": {"key": options.url.host}})

    check_handler(real_target, stand_in=target)


def test_options_can_be_given() -> None:
    @handler("local", options=Options)
    async def local(change: Change, ctx: Context[Options]) -> Outcome:
        assert ctx.options.url.host == "local.example"
        return Done()

    check_handler(local, Options.model_validate({"url": "https://local.example", "token": "hush-hush"}))


@pytest.mark.anyio
async def test_it_can_be_called_where_an_event_loop_is_running() -> None:
    check_handler(log)


def test_handlers_whose_sleep_takes_longer_than_the_suite_may_sleep() -> None:
    """The suite's clock skips what is only waited for."""

    @handler("sleepy", timeout=24 * 3600)
    async def sleepy(change: Change, ctx: Context) -> Outcome:
        await asyncio.sleep(12 * 3600)
        return Skipped("slept over it")

    check_handler(sleepy)
