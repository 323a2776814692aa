"""The verdict of the fuzz can fail: evidence of each offence is told from evidence of none."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.fuzz.shots import Shot
from tests.chaos.fuzz.tally import Answer, Tally
from tests.chaos.fuzz.verdict import SLACK, Findings, Vitals, verdict

JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
PROBLEM = b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/problem+json\r\n"
UNAUTHORIZED = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Not authentic."}
NEW = Shot("new", b"POST / HTTP/1.1", frozenset({202}), message="msg_1")
FORGED = Shot("forged", b"POST / HTTP/1.1", frozenset({401}))
NOISE = Shot("not HTTP", b"\x00", frozenset({400}), garbage=True)


def refusal(**more: object) -> Answer:
    """A 401 as it must be, but for `more`."""
    return Answer(401, PROBLEM, json.dumps(UNAUTHORIZED | more).encode())


def well() -> Findings:
    """A run in which all was well."""
    tally = Tally()
    tally.send(NEW)
    tally.judge(NEW, Answer(202, JSON, b'{"id":"1-1","status":"accepted"}'))
    tally.send(FORGED)
    tally.judge(FORGED, refusal())
    vitals = Vitals(memory=60.0, files=14)
    return Findings(
        tally=tally,
        seconds=1.0,
        recorded=["msg_1"],
        quarantined=[],
        start=vitals,
        warm=vitals,
        end=vitals,
        callers=0,
        ended=None,
        exit_status=0,
        errors=[],
        leaks=[],
    )


def offending(found: Findings) -> list[str]:
    """The figures that are not as they must be."""
    return [row.name for row in verdict(found) if not row.good]


def test_a_run_in_which_all_was_well_passes() -> None:
    assert offending(well()) == []


@pytest.mark.parametrize(
    ("shot", "answer", "caught_by"),
    [
        (FORGED, Answer(500, PROBLEM, b"{}"), "answered 5xx"),
        (FORGED, Answer(503, PROBLEM, b"{}"), "answered 5xx"),
        (FORGED, Answer(200, JSON, b"{}"), "answered otherwise than the request calls for"),
        (NEW, refusal(), "answered otherwise than the request calls for"),
        (FORGED, Answer(401, JSON, refusal().body), "refusals that are no problem document"),
        (FORGED, Answer(401, PROBLEM, b"Unauthorized"), "refusals that are no problem document"),
        (FORGED, refusal(status=400), "refusals that are no problem document"),
        (FORGED, refusal(title="No"), "refusals that are no problem document"),
        (FORGED, refusal(detail=""), "refusals that are no problem document"),
    ],
)
def test_an_answer_that_must_not_be_is_told(shot: Shot, answer: Answer, caught_by: str) -> None:
    found = well()
    found.tally.judge(shot, answer)
    assert caught_by in offending(found)


def test_silence_is_told_but_where_there_was_nothing_to_answer() -> None:
    found = well()
    found.tally.silent(NOISE)
    assert offending(found) == []
    found.tally.silent(FORGED)
    assert offending(found) == ["never answered"]


def test_a_connection_that_stays_open_is_told() -> None:
    found = well()
    found.tally.stays_open(FORGED)
    assert offending(found) == ["connections that did not end"]


def accepted_again(found: Findings) -> Findings:
    """The same message was accepted a second time."""
    found.tally.judge(NEW, Answer(202, JSON, b"{}"))
    return found


@pytest.mark.parametrize(
    ("spoil", "caught_by"),
    [
        (lambda found: replace(found, recorded=[]), "202, and not in the journal"),
        (lambda found: replace(found, recorded=["msg_1"] * 2), "messages in the journal twice"),
        (accepted_again, "messages answered 202 twice"),
        (lambda found: replace(found, quarantined=["msg_2"]), "kept without being authentic"),
        (lambda found: replace(found, recorded=["msg_1", "x"]), "kept without being authentic"),
        (
            lambda found: replace(found, end=Vitals(61 + SLACK, 14)),
            f"memory grown by more than {SLACK:g} MiB",
        ),
        (lambda found: replace(found, callers=1), "connections left behind"),
        (lambda found: replace(found, end=Vitals(60, 15)), "files left open"),
        (lambda found: replace(found, errors=["Traceback"]), "errors in the log"),
        (lambda found: replace(found, leaks=["hush"]), "secrets or personal data in the log"),
        (lambda found: replace(found, ended=-9), "the process ended by itself"),
        (lambda found: replace(found, exit_status=-15), "exit status at SIGTERM other than 0"),
    ],
)
def test_what_is_wrong_at_the_end_is_told(spoil: Callable[[Findings], Findings], caught_by: str) -> None:
    assert offending(spoil(well())) == [caught_by]


def test_an_answer_like_none_before_is_worth_a_further_mutation() -> None:
    tally = Tally()
    assert tally.judge(FORGED, refusal())
    assert not tally.judge(FORGED, refusal())
    assert tally.judge(FORGED, refusal(detail="Not of this time."))
    assert not tally.judge(FORGED, refusal(detail="Not of this time."))
