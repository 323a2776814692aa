"""Times on the command line: read and shown in UTC, wherever the machine is."""

import time
from datetime import UTC, datetime

import pytest
import typer

from receiver.cli.moments import iso, lasted, read_moment, shown

MOMENT = round(datetime(2026, 11, 20, 10, 0, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T10:00", "2026-11-20 10:00:00", "2026-11-20T10:00Z", "2026-11-20T11:00+01:00"],
)
def test_a_time_without_a_zone_is_utc(text: str, in_any_zone: None) -> None:
    assert read_moment(text, "--since") == MOMENT


def test_a_day_is_its_beginning(in_any_zone: None) -> None:
    assert read_moment("2026-11-20", "--since") == MOMENT - 10 * 3600 * 1000


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("30m", 1800), ("2h", 7200), ("3d", 259_200), ("1w", 604_800)]
)
def test_how_long_ago_is_counted_back_from_now(text: str, seconds: int) -> None:
    before = time.time() - seconds
    found = read_moment(text, "--since")
    assert found is not None
    assert before * 1000 - 1 <= found <= (time.time() - seconds) * 1000 + 1


def test_nothing_typed_is_no_time() -> None:
    assert read_moment("", "--since") is None


def test_what_is_older_than_all_clocks_is_their_beginning() -> None:
    assert read_moment("999999d", "--since") == 0
    assert read_moment("0001-01-01T00:00+14:00", "--since") == 0


@pytest.mark.parametrize("text", ["yesterday", "2 h", "2026-13-01", "10:00", "-3d", "1y"])
def test_what_is_no_time_is_wrong_usage_and_says_how_to_write_one(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="2026-11-20"):
        read_moment(text, "--since")


def test_times_are_shown_in_utc(in_any_zone: None) -> None:
    """To the second for people, to the millisecond for programs; never is nothing."""
    assert shown(MOMENT + 123) == "2026-11-20 10:00:00"
    assert iso(MOMENT + 123) == "2026-11-20T10:00:00.123Z"
    assert (shown(0), iso(0)) == ("", None)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (2140, "2.1 s"),
        (240_000, "4 min"),
        (7_200_000, "2 h"),
        (200_000_000, "2 d"),
    ],
)
def test_durations_are_short(milliseconds: int, text: str) -> None:
    assert lasted(milliseconds) == text
