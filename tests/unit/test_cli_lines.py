"""Log lines for people: what happened, to which connection, and how long after the webhook."""

from typing import Any

import pytest

from receiver.cli.dev.feed import colored
from receiver.telemetry import PlainLine

AT = {"timestamp": "2026-05-04T10:11:12.345678Z", "level": "info"}
CONNECTION = {"connection": "51b56772-b343-43d7-842b-14b7dad1d311"}
ACCEPTED = {
    "event": "accepted",
    "type": "connection.created.v2",
    "message": "msg_2abc",
    "event_id": "1-0",
    "unknown": None,
    "took_ms": 2.6,
}
FETCHED = {
    "event": "fetched",
    "status": "PASSWORD_INCORRECT",
    "version": 3,
    "changed": ["a", "b", "c"],
    "handlers": ["log"],
    "took_ms": 9,
    "since_accepted_ms": 17,
}
DELIVERED = {
    "event": "delivered",
    "handler": "email",
    "outcome": "skipped",
    "status": "CONNECTED",
    "version": 12,
    "detail": "no owner address",
    "since_accepted_ms": 1234,
}


def line(*parts: dict[str, Any]) -> str:
    """What is printed, runs of blanks as one."""
    return " ".join(rendered(*parts).split())


def rendered(*parts: dict[str, Any]) -> str:
    event = dict(AT)
    for part in parts:
        event |= part
    return PlainLine()(None, "", event)


def test_each_step_of_an_event_is_told_in_few_words() -> None:
    """Ids are cut to eight characters, and at the end stands the time since the webhook was accepted."""
    assert line(CONNECTION, ACCEPTED) == "10:11:12.345 accepted 51b56772 connection.created.v2 3 ms"
    assert line(CONNECTION, FETCHED) == (
        "10:11:12.345 fetched 51b56772 v3 PASSWORD_INCORRECT a, b and 1 more 17 ms"
    )
    assert line(CONNECTION, DELIVERED) == (
        "10:11:12.345 delivered 51b56772 v12 CONNECTED email skipped no owner address 1234 ms"
    )


def test_what_belongs_together_stands_in_one_column() -> None:
    lines = [rendered(CONNECTION, event) for event in (ACCEPTED, FETCHED, DELIVERED)]
    assert len({text.index("51b56772") for text in lines}) == 1
    assert len({len(text) for text in lines}) == 1
    assert rendered(CONNECTION, FETCHED).index("PASSWORD") == rendered(CONNECTION, DELIVERED).index(
        "CONNECTED"
    )


def test_a_handler_s_own_line_stands_apart_from_those_about_it() -> None:
    own = {
        "event": "change",
        "handler": "log",
        "status": "CONNECTED",
        "previous_status": "PENDING",
        "events": 2,
    }
    assert line(CONNECTION, own) == "10:11:12.345 · log 51b56772 change PENDING → CONNECTED events=2"


def test_work_is_told_as_its_connection_and_handler() -> None:
    work = {"work": f"deliver:my-crm:{CONNECTION['connection']}", "event": "dead letter", "reason": "no"}
    assert line(work, {"level": "error"}) == "10:11:12.345 dead letter 51b56772 ERROR my-crm no"
    fetch = {"work": f"refresh:{CONNECTION['connection']}", "event": "not fetched", "went": "retry"}
    assert line(fetch, {"level": "warning"}) == "10:11:12.345 not fetched 51b56772 WARNING went=retry"


def test_a_line_about_no_connection_is_what_was_said() -> None:
    assert line({"event": "Waiting for application startup."}) == (
        "10:11:12.345 Waiting for application startup."
    )
    assert line({"event": "refused", "status": 401, "reason": "Not authentic"}) == (
        "10:11:12.345 refused 401 Not authentic"
    )


def test_a_traceback_follows_on_lines_of_its_own() -> None:
    assert rendered({"event": "crashed", "exception": "Traceback\n  here"}).endswith("\nTraceback\n  here")


@pytest.mark.parametrize(
    ("told", "color"),
    [
        (CONNECTION | ACCEPTED, "cyan"),
        (CONNECTION | DELIVERED, "green"),
        (CONNECTION | DELIVERED | {"level": "warning"}, "yellow"),
        ({"event": "change", "handler": "log"}, "dim"),
    ],
)
def test_colors_change_no_word(told: dict[str, Any], color: str) -> None:
    """A terminal shows each step in its color, and trouble in the color of trouble."""
    text = rendered(told)
    assert colored(text).plain == text
    assert color in {str(span.style) for span in colored(text).spans}


def test_what_is_no_log_line_is_shown_as_it_is() -> None:
    assert colored("The worker cannot start:").plain == "The worker cannot start:"
    assert colored("").plain == ""
