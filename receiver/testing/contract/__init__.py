"""The contract suite: puts a handler in every situation that the router can bring about, and watches it."""

import gc
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from pydantic import BaseModel

from receiver.api import Handler
from receiver.api.handlers import StandIn
from receiver.testing.answers import Answers
from receiver.testing.contract.findings import ContractError, Finding, Report, Scene
from receiver.testing.contract.loop import FastLoop
from receiver.testing.contract.odd import play_odd
from receiver.testing.contract.plain import play_plain
from receiver.testing.contract.repeats import play_repeats
from receiver.testing.contract.scenery import Scenery
from receiver.testing.contract.sides import play_sides
from receiver.testing.contract.suite import StopSuiteError, Suite
from receiver.testing.contract.troubles import play_troubles
from receiver.testing.options import make_options
from receiver.testing.target import FakeHTTP
from receiver.testing.threads import StillRunningError, in_own_thread
from receiver.testing.watchdog import culprit

__all__ = [
    "ContractError",
    "Finding",
    "Report",
    "Scene",
    "check_handler",
    "contract_findings",
    "contract_report",
]

OptionsT = TypeVar("OptionsT", bound=BaseModel)

LONGEST = 60.0
"""Seconds after which a suite is given up: a handler may hold up its loop for ever."""


def check_handler(
    handler: Handler[OptionsT],
    options: OptionsT | None = None,
    *,
    answer: Answers | None = None,
    stand_in: StandIn[OptionsT] | None = None,
    allow: Iterable[str] = (),
) -> None:
    """Fail unless `handler` keeps the contract: `def test_contract(): check_handler(pager)`.

    `options`: None makes them up. `answer`: what its target answers, as FakeHTTP takes it; it must remember
    nothing. `stand_in`: makes one that may, as `@handler.stand_in` does, which goes without saying. `allow`:
    names of findings that are meant to be so.
    Raises ContractError with all that was found, CannotMakeUpError when options must be given, and
    NoAnswerError when `answer` has none. Takes a second or so, in a thread and a loop of its own, without
    sockets.
    """
    report = contract_report(handler, options, answer, stand_in=stand_in).without(allow)
    if report.findings:
        raise ContractError(report)


def contract_findings(
    handler: Handler[OptionsT],
    options: OptionsT | None = None,
    answer: Answers | None = None,
    *,
    stand_in: StandIn[OptionsT] | None = None,
) -> list[Finding]:
    """What `check_handler` would complain about."""
    return list(contract_report(handler, options, answer, stand_in=stand_in).findings)


def contract_report(
    handler: Handler[OptionsT],
    options: OptionsT | None = None,
    answer: Answers | None = None,
    *,
    stand_in: StandIn[OptionsT] | None = None,
) -> Report:
    """The same with the scenes that were played."""
    given = make_options(handler.options) if options is None else options
    double = stand_in or handler.double
    target: Callable[[], FakeHTTP] = lambda: FakeHTTP(answer)  # noqa: E731
    if answer is None and double is not None:
        target = lambda: FakeHTTP(double(given))  # noqa: E731
    scenery = Scenery(handler, given, target, generic=answer is None and double is None)
    suite = Suite(scenery)
    with scenery.listening():
        try:
            in_own_thread(lambda: _play(suite), loop_factory=lambda: FastLoop(scenery.guard), longest=LONGEST)
        except StillRunningError as error:
            if not (line := culprit(sys._current_frames().get(error.thread), scenery.guard.home)):
                raise
            suite.give_up(f"{line}  ({error})")
        if suite.has_found("forgets-to-await"):
            gc.collect()  # what is left of them speaks up here, and not in somebody else's test
    return suite.report()


async def _play(suite: Suite) -> None:
    # What is found by then is to be mended first.
    with suite.scenery.on_stage(), suppress(StopSuiteError):
        for scenes in (play_plain, play_odd, play_repeats, play_troubles, play_sides):
            await scenes(suite)
