"""Times as they are typed and shown: always in UTC, as in the logs."""

import re
import time
from datetime import UTC, datetime

import typer

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


def read_moment(text: str, option: str) -> int | None:
    """ms since the epoch of `2h` (ago), `2026-11-20` or `2026-11-20T10:00`; None when nothing was typed.

    Raises BadParameter.
    """
    if not text:
        return None
    if ago := re.fullmatch(r"(\d{1,9})([smhdw])", text):
        return max(0, round((time.time() - int(ago[1]) * UNITS[ago[2]]) * 1000))
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0, round(aware.timestamp() * 1000))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no time: write 30m, 2h, 3d (ago), 2026-11-20 or 2026-11-20T10:00 (UTC).",
            param_hint=option,
        ) from None


def iso(milliseconds: int) -> str | None:
    """For programs; None: never."""
    return f"{_utc(milliseconds).isoformat(timespec='milliseconds')}Z" if milliseconds else None


def shown(milliseconds: int) -> str:
    """For people, to the second; empty: never."""
    return f"{_utc(milliseconds):%Y-%m-%d %H:%M:%S}" if milliseconds else ""


def _utc(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)


def lasted(milliseconds: int) -> str:
    """A duration for people: `340 ms`, `2.1 s`, `4 min`, `3 h`, `12 d`."""
    for size, unit, most in ((1, "ms", 1000), (1000, "s", 120_000), (60_000, "min", 7_200_000)):
        if milliseconds < most:
            return f"{milliseconds / size:.{int(unit == 's')}f} {unit}"
    hours = milliseconds / 3_600_000
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"
