"""What came of `nectar-router handlers run`, for people."""

import json
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from receiver.api import Change, Done, Handler, RetryLater, Skipped
from receiver.cli.handlers.effects import lines_of
from receiver.cli.handlers.frames import frames_of_run
from receiver.cli.handlers.loading import Filled
from receiver.cli.handlers.situation import Situation
from receiver.cli.handlers.stage import Performance, Sent
from receiver.cli.moments import lasted
from receiver.cli.output import console
from receiver.dispatch.shadow import masked
from receiver.policy import MAX_ATTEMPTS
from receiver.telemetry import Redactor
from receiver.testing import Run

MOST_LISTED = 4
NOTICEABLE = 0.1
"""Seconds for which the event loop may stand still before it is worth a line."""


def print_opening(
    handler: Handler[Any], filled: Filled, situation: Situation, change: Change, *, dry_run: bool
) -> None:
    """What is about to be done."""
    out = console()
    status = change.connection.status or "no status"
    before = (
        f"that it last handled as {change.previous_status}"
        if change.previous_status
        else "for the first time"
    )
    out.print(Text(f"{handler.name} is shown {situation.told}, {status}, {before}."), soft_wrap=True)
    if dry_run:
        who = (
            "its stand-in answers"
            if handler.double
            else "requests are answered with an id, for it has no stand-in"
        )
        out.print(Text(f"A dry run: nothing is sent, {who}."), soft_wrap=True)
    if filled.made_up:
        out.print(Text(f"Made up, since they are not set: {', '.join(filled.made_up)}."), soft_wrap=True)


def print_performance(handler: Handler[Any], performance: Performance, redactor: Redactor) -> None:
    """All that came of it."""
    out = console()
    for text in _lines(handler, performance, redactor):
        out.print(text, soft_wrap=True)


def _lines(handler: Handler[Any], performance: Performance, redactor: Redactor) -> Iterator[Text]:
    run = performance.run
    for sent in performance.sent:
        yield Text()
        yield from _sent(sent, redactor)
    if run.log:
        yield Text()
    for line in run.log:
        yield Text(f"log  {_logged(redactor.value(line))}", style="dim")
    yield Text()
    yield from _went(run, redactor)
    yield from _trouble(handler, run, redactor)
    if performance.steps:
        yield Text(f"Steps finished: {redactor.text(', '.join(performance.steps))}")
    if run.memory:
        yield Text(f"Memory: {json.dumps(redactor.value(run.memory), ensure_ascii=False)}")


def _sent(sent: Sent, redactor: Redactor) -> Iterator[Text]:
    first, *rest = lines_of(masked(sent.effect, redactor))
    yield Text(first, style="bold")
    yield from (Text(line) for line in rest)
    if sent.effect.kind == "http":
        yield Text(f"  answered {sent.status}" if sent.status else "  not answered", style="cyan")


def _logged(line: dict[str, Any]) -> str:
    facts = dict(line)
    words = [str(facts.pop("log_level", "info")), str(facts.pop("event", ""))]
    return "  ".join([*words, *(f"{name}={_short(value)}" for name, value in facts.items())])


def _short(value: object) -> str:
    if not isinstance(value, list) or len(value) <= MOST_LISTED:
        return str(value)
    return f"[{', '.join(map(str, value[:MOST_LISTED]))} and {len(value) - MOST_LISTED} more]"


def _went(run: Run, redactor: Redactor) -> Iterator[Text]:
    match run.outcome:
        case Done(reference=reference):
            yield _outcome("Done", redactor.text(str(reference or "")), "green")
        case Skipped(reason=reason):
            yield _outcome("Skipped", redactor.text(reason), "green")
        case RetryLater():
            after = lasted(round((run.after or 0) * 1000))
            told = f"{redactor.text(run.reason)}; shown again, freshly fetched, in {after}"
            yield _outcome("RetryLater", told, "green")
        case _:
            yield _outcome(*_failed(run, redactor.text(run.reason)), "bold red")


def _trouble(handler: Handler[Any], run: Run, redactor: Redactor) -> Iterator[Text]:
    """Where in the handler it went wrong, and where it held up all others."""
    for line in frames_of_run(run.error, handler) if run.error else ():
        yield Text(f"  {redactor.text(line)}", style="dim")
    if run.blocked > NOTICEABLE:
        stood = f"The event loop stood still for {lasted(round(run.blocked * 1000))}"
        yield Text(f"{stood}, and with it all other work: {run.blocked_at}", style="yellow")


def _failed(run: Run, reason: str) -> tuple[str, str]:
    """What the router would do about it."""
    match run.went:
        case "retry":
            again = (
                f"tried again in about {lasted(round((run.after or 0) * 1000))}, {MAX_ATTEMPTS} times at most"
            )
            return "Failed", f"{reason}; {again}"
        case "park":
            return "Failed", f"{reason}; the handler is parked until its target takes it again"
    return "Failed", f"{reason}; a dead letter: a person must look"


def _outcome(word: str, told: str, style: str) -> Text:
    return Text.assemble((f"{word}", style), f"  {told}" if told else "")
