"""The audit of the fault bench can fail: evidence of each offence is told from evidence of none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from receiver.simulator import Attempt
from receiver.simulator.traffic import Request
from tests.chaos.audit import audit
from tests.chaos.evidence import Evidence, Kept, Line, Overdue, Recorded, Settled
from tests.chaos.load import Sent
from tests.chaos.processes import Death

ONE = "11111111-1111-4111-8111-111111111111"
WORKER, OTHER = 100, 200
EFFECTS = f"deliver:effects:{ONE}"


def line(kind: str, at: float, **facts: Any) -> Line:
    """A line of the ledger: by WORKER, of version 1, which shows serial 1."""
    known = {
        "handler": "effects",
        "connection": ONE,
        "version": 1,
        "status": "CONNECTED",
        "serial": 1,
        "attempt": 1,
        "key": "k1",
        "pid": WORKER,
        "wall": 0.0,
    }
    return Line(**{**known, "kind": kind, "at": at, **facts})


def delivery(at: float, **facts: Any) -> list[Line]:
    """A delivery that takes half a second, with one step."""
    return [
        line("begin", at, events=("msg_1",), **facts),
        line("step", at + 0.2, step="open", **facts),
        line("recorded", at + 0.3, step="open", **facts),
        line("end", at + 0.5, how="done", **facts),
    ]


def death(at: float, pid: int = WORKER, planned: bool = True) -> Death:
    """The end of a worker."""
    return Death("worker-1", pid, at, -9, planned)


def answer(code: int | None) -> Attempt:
    """What a sender was answered."""
    return Attempt("msg", 0.0, code, 0.01)


def good() -> Evidence:
    """One event: accepted at second 5 since the epoch, fetched after it, shown to both handlers."""
    return Evidence(
        sent=[Sent("msg_1", ONE, 1, [answer(202)], acknowledged=1.0)],
        intruding=[Sent("intruder_1", ONE, 0, [answer(401)])],
        events=[Recorded("5000-0", "msg_1", ONE)],
        fetches=[Settled(5.2, ONE, "5000-0")],
        requests=[Request("GET", f"/v2/connection/{ONE}/details", 5.1, 5.15, 200)],
        connections={ONE: Kept("5000-0", "5000-0", 1)},
        handled={("effects", ONE): 1, ("troubled", ONE): 1},
        ledger=[*delivery(10.0), *delivery(11.0, handler="troubled")],
    )


def offended(evidence: Evidence) -> list[str]:
    """The figures that are not as they must be."""
    return [row.name for row in audit(evidence) if not row.good]


def test_a_good_run_offends_against_nothing() -> None:
    """Or every other test here would mean nothing."""
    assert offended(good()) == []


OFFENCES: dict[str, Callable[[Evidence], Evidence]] = {
    "acknowledged, not in the journal": lambda run: replace(
        run, sent=[*run.sent, Sent("msg_2", ONE, 1, [answer(202)], acknowledged=2.0)]
    ),
    "acknowledged, not ended in handled or dead": lambda run: replace(
        run, handled={**run.handled, ("troubled", ONE): 0}
    ),
    "never acknowledged": lambda run: replace(run, sent=[*run.sent, Sent("msg_2", ONE, 2, [answer(503)])]),
    "messages recorded twice": lambda run: replace(
        run, events=[*run.events, Recorded("4000-0", "msg_1", ONE)]
    ),
    "stranded longer than 60 s": lambda run: replace(run, overdue=[Overdue(EFFECTS, 10.0, 71.0)]),
    "not running again 10 s after a worker's death": lambda run: replace(
        run,
        ledger=[line("begin", 1.0, pid=OTHER), *delivery(13.0, attempt=2), *run.ledger[4:]],
        deaths=[death(2.0, OTHER)],
    ),
    "versions going back for one handler and connection": lambda run: replace(
        run, ledger=[*delivery(1.0, version=2, key="k2"), *run.ledger]
    ),
    "two deliveries of one handler and connection at once": lambda run: replace(
        run, ledger=[line("begin", 9.9, pid=OTHER), *run.ledger]
    ),
    "fetches begun before an event that they cover": lambda run: replace(
        run, requests=[Request("GET", f"/v2/connection/{ONE}/details", 4.9, 5.15, 200)]
    ),
    "states shown that are older than their events": lambda run: replace(
        run, ledger=[line("begin", 1.0, serial=0, events=("msg_1",)), line("end", 2.0), *run.ledger]
    ),
    "fetches with no new event behind them": lambda run: replace(
        run, fetches=[*run.fetches, Settled(5.3, ONE, "4000-0")]
    ),
    "steps run twice without either": lambda run: replace(run, ledger=[*delivery(1.0), *run.ledger]),
    "attempts at one version with another key": lambda run: replace(
        run, ledger=[*delivery(1.0, key="k0"), *run.ledger]
    ),
    "intruders read, kept or acknowledged": lambda run: replace(
        run, intruding=[Sent("intruder_1", ONE, 0, [answer(401), answer(400)])]
    ),
    "secrets or personal data in a log": lambda run: replace(run, leaks=["a line"]),
    "processes that ended by themselves": lambda run: replace(
        run, deaths=[death(20.0, OTHER, planned=False)]
    ),
}


@pytest.mark.parametrize("offence", OFFENCES)
def test_an_offence_is_seen_and_it_alone(offence: str) -> None:
    """Each figure has evidence that makes it red, and none of the others."""
    assert offended(OFFENCES[offence](good())) == [offence]


def test_every_figure_that_must_be_zero_has_an_offence_here() -> None:
    """A new one comes with a test that it can fail."""
    assert [row.name for row in audit(good()) if row.must_be_zero] == list(OFFENCES)


def test_an_event_that_no_fetch_covers_has_not_ended() -> None:
    """Whatever the handlers have handled."""
    run = replace(good(), connections={ONE: Kept("5000-0", "4999-0", 1)})
    assert offended(run) == ["acknowledged, not ended in handled or dead"]


def test_handled_says_the_journal_but_no_handler_was_shown_it() -> None:
    """The effects are what counts."""
    run = replace(good(), ledger=good().ledger[:4])
    assert offended(run) == ["acknowledged, not ended in handled or dead"]


@pytest.mark.parametrize("work", [f"deliver:troubled:{ONE}", f"refresh:{ONE}"])
def test_a_dead_letter_is_an_end(work: str) -> None:
    """For the events that it concerns."""
    run = replace(good(), handled={("effects", ONE): 1}, dead={work: ("", "5000-0")})
    assert offended(run) == []


def test_a_dead_letter_is_no_end_for_a_later_event() -> None:
    """It concerns those up to its mark."""
    run = replace(
        good(),
        connections={ONE: Kept("5000-0", "5000-0", 2)},
        handled={("effects", ONE): 2},
        dead={f"deliver:troubled:{ONE}": ("", "4999-0")},
    )
    assert offended(run) == ["acknowledged, not ended in handled or dead"]


def test_an_event_that_brought_nothing_new_since_the_dead_letter_must_be_among_those_it_names() -> None:
    """Or its redelivery would be a duplicate of what nobody handled."""
    run = replace(good(), handled={("effects", ONE): 1}, dead={f"deliver:troubled:{ONE}": ("", "4999-0")})
    assert offended(run) == ["acknowledged, not ended in handled or dead"]


def test_a_step_may_run_again_when_its_process_died_before_the_record() -> None:
    """That is what no receiver can prevent; it is counted."""
    cut_short = [line("begin", 1.0, pid=OTHER), line("step", 1.2, step="open", pid=OTHER)]
    run = replace(good(), ledger=[*cut_short, *good().ledger], deaths=[death(1.3, OTHER)])

    assert offended(run) == []
    [counted] = [row.number for row in audit(run) if row.name.startswith("steps run twice: died")]
    assert counted == 1


def test_a_step_must_not_run_again_when_its_process_died_after_the_record() -> None:
    """The record is there so that it does not."""
    cut_short = [
        line("begin", 1.0, pid=OTHER),
        line("step", 1.2, step="open", pid=OTHER),
        line("recorded", 1.25, step="open", pid=OTHER),
    ]
    run = replace(good(), ledger=[*cut_short, *good().ledger], deaths=[death(1.3, OTHER)])
    assert offended(run) == ["steps run twice without either"]


def test_time_in_which_nothing_could_be_done_is_nobodys_delay() -> None:
    """Redis was away, or no worker was there."""
    run = replace(good(), overdue=[Overdue(EFFECTS, 10.0, 71.0)], outages=[(5.0, 20.0)])
    assert offended(run) == []
