"""`nectar-router handlers list` for people."""

import time
from collections.abc import Iterator, Sequence

from rich.text import Text

from receiver.cli.handlers.listed import Listed
from receiver.cli.handlers.options import Option
from receiver.cli.handlers.schedules import Planned
from receiver.cli.moments import lasted, shown
from receiver.cli.output import STYLES, Finding, console
from receiver.journal.health import Health
from receiver.settings import SHADOW

INDENT = 29
"""Columns before what is said about a handler: its name and its state stand there."""


def print_list(handlers: Sequence[Listed]) -> None:
    """A block of lines for each."""
    out = console()
    if not handlers:
        out.print("No handler is installed.")
    for handler in handlers:
        for line in _lines(handler):
            out.print(line, soft_wrap=True)


def _lines(one: Listed) -> Iterator[Text]:
    facts = one.facts
    state, style = _state(one)
    words = (facts.problem, "red") if facts.problem else facts.summary
    yield Text.assemble((f"{facts.name:<16}", "bold"), (f"{state:<13}", style), words)
    if facts.source:
        yield _about("from", facts.source)
    for line in one.wrong:
        yield _about("wrong", line, "red")
    yield from _health(one)
    if one.preflight:
        yield _preflight(one.preflight)
    if facts.schedule:
        yield _about("schedule", ", ".join(filter(None, map(_planned, facts.schedule))))
    widths = [max(map(len, column), default=0) for column in _columns(facts.options)]
    for option in facts.options:
        yield _option(option, *widths)
    yield Text()


def _state(one: Listed) -> tuple[str, str]:
    facts = one.facts
    if facts.problem:
        return "broken", "bold red"
    if not facts.enabled:
        return "not enabled", "dim"
    return ("enabled", "green") if facts.earnest else ("in shadow", "cyan")


def _about(label: str, text: str, style: str = "dim") -> Text:
    return Text(f"{'':<{INDENT}}{label:<9} {text}", style=style)


def _health(one: Listed) -> Iterator[Text]:
    facts = one.facts
    if facts.enabled and one.unknown:
        yield _about("health", f"unknown: {one.unknown}", "yellow")
    if one.health:
        yield from _condition("health", one.health, facts.name, facts.earnest)
    if one.shadow_health:
        yield from _condition("in shadow", one.shadow_health, facts.name + SHADOW, facts.shadow)


def _condition(label: str, health: Health, name: str, enabled: bool) -> Iterator[Text]:
    letters = f"{health.dead} dead letter{'s'[: health.dead != 1]} (`nectar-router dead --handler {name}`)"
    held = [f"{health.parked} parked"] * bool(health.parked) + [letters] * bool(health.dead)
    if health.since:
        ago = lasted(max(0, round(time.time() * 1000) - health.since))
        opened = f"breaker open since {shown(health.since)} UTC ({ago}): {health.reason}"
        yield _about(label, "; ".join([opened, *held]), "yellow")
    elif held:
        yield _about(label, "; ".join(["breaker closed", *held]), "yellow")
    elif enabled:
        yield _about(label, "good")


def _preflight(finding: Finding) -> Text:
    return _about("target", finding.detail, STYLES[finding.verdict])


def _planned(one: Planned) -> str:
    """What differs from what goes without saying; the time-out always."""
    if one.value is None or (one.value == one.default and not one.set and one.field != "timeout"):
        return ""
    words = {
        "timeout": f"{one.value:g} s an attempt",
        "concurrency": f"{one.value:g} at a time",
        "rate": f"{one.value:g} requests a second",
        "failures_to_open": f"{one.value:g} failures in a row open the breaker",
    }[one.field]
    return f"{words} ({one.variable})" if one.set else words


def _columns(options: Sequence[Option]) -> tuple[list[str], list[str]]:
    return [option.variable for option in options], [option.type for option in options]


def _option(option: Option, name_width: int, type_width: int) -> Text:
    default = "optional" if option.default is None else f"default {option.default}"
    missing = option.required and not option.set
    style = "green" if option.set else "yellow" if missing else "dim"
    return Text.assemble(
        f"    {option.variable:<{name_width}}  {option.type:<{type_width}}  ",
        (f"{'set' if option.set else 'not set':<9}", style),
        f"{'required' if option.required else default}  ",
        (option.description, "dim"),
    )
