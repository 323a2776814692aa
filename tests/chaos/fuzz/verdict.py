"""Judges a run when it is over: from what was found to the rows of the table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.audit import Row
from tests.chaos.fuzz.tally import EXAMPLES, Tally

SLACK = 16.0
"""MiB by which memory may have grown since the warm-up: some bodies are of a MiB, and several at a time."""
JUDGED = (
    "answered 5xx",
    "answered otherwise than the request calls for",
    "refusals that are no problem document",
    "never answered",
    "connections that did not end",
)
"""What the tally finds as it goes."""


@dataclass(frozen=True)
class Vitals:
    """How the process was at one moment."""

    memory: float
    """MiB."""
    files: int
    """Open, but for its connections to Redis."""


@dataclass(frozen=True)
class Findings:
    """What there is to judge by."""

    tally: Tally
    seconds: float
    recorded: Sequence[str]
    """The message of each event in the journal."""
    quarantined: Sequence[str]
    start: Vitals
    warm: Vitals
    end: Vitals
    callers: int
    """Connected to the process when all had gone."""
    ended: int | None
    """Its exit status, had it ended before it was told to."""
    exit_status: int
    errors: Sequence[str]
    """Lines of its log that tell of an error."""
    leaks: Sequence[str]
    """Lines of its log that hold a secret, or what is personal."""


def verdict(found: Findings) -> list[Row]:
    """All figures, first those that tell what was done, then those that must be zero."""
    told = [Row(name, number, must_be_zero=False) for name, number in _figures(found)]
    return [*told, *_judged(found)]


def _figures(found: Findings) -> Iterator[tuple[str, int]]:
    tally = found.tally
    yield "requests", tally.requests
    yield "seconds", round(found.seconds)
    yield "requests a second", round(tally.requests / found.seconds)
    yield "connections made", tally.connections
    for status, number in sorted(tally.answers.items()):
        yield f"answered {status}", number
    yield "of those 400, not even HTTP", tally.not_http
    yield "noise that called for no answer", tally.unanswered_garbage
    yield "senders gone before the answer", tally.cut_off
    yield "different answers", tally.shapes
    yield "events in the journal", len(found.recorded)
    yield "memory at the start, MiB", round(found.start.memory)
    yield "memory after the warm-up, MiB", round(found.warm.memory)
    yield "memory at the end, MiB", round(found.end.memory)
    yield "files open at the start", found.start.files
    yield "files open at the end", found.end.files


def _judged(found: Findings) -> Iterator[Row]:
    for name in JUDGED:
        offences = found.tally.offences[name]
        yield Row(name, offences.number, must_be_zero=True, examples=tuple(offences.examples))
    times = Counter(found.recorded)
    unknown = {*found.recorded, *found.quarantined} - found.tally.signed
    again = (message for message, number in found.tally.acknowledged.items() if number > 1)
    growth = found.end.memory - found.warm.memory
    yield _row("202, and not in the journal", found.tally.acknowledged.keys() - times.keys())
    yield _row("messages in the journal twice", (each for each, number in times.items() if number > 1))
    yield _row("messages answered 202 twice", again)
    yield _row("kept without being authentic", unknown)
    yield _row(f"memory grown by more than {SLACK:g} MiB", [f"by {growth:.1f} MiB"] * (growth > SLACK))
    yield Row("connections left behind", found.callers, must_be_zero=True)
    yield Row("files left open", max(0, found.end.files - found.start.files), must_be_zero=True)
    yield _row("errors in the log", found.errors)
    yield _row("secrets or personal data in the log", found.leaks)
    yield _row("the process ended by itself", [] if found.ended is None else [f"with {found.ended}"])
    yield _row("exit status at SIGTERM other than 0", [f"{found.exit_status}"] * (found.exit_status != 0))


def _row(name: str, offences: Iterable[str]) -> Row:
    listed = list(offences)
    return Row(name, len(listed), must_be_zero=True, examples=tuple(listed[:EXAMPLES]))
