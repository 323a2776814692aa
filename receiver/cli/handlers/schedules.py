"""A handler's schedule: what holds, and which variable says so."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from receiver.api import Handler, Schedule
from receiver.cli.handlers.options import options_of
from receiver.registry import environment_prefix, read_schedule
from receiver.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Planned:
    """One value of a schedule."""

    field: str
    variable: str
    """Overrides it; empty: an option of the handler bears that name."""
    value: float | None
    default: float | None
    """What holds for a handler that declares nothing."""
    set: bool
    """Whether the environment overrides what the handler declares."""


def plan(handler: Handler[Any]) -> Iterator[Planned]:
    """What holds for this handler; where the environment says what cannot be, what the handler declares."""
    try:
        schedule = read_schedule(handler)
    except SettingsError:
        schedule = handler.schedule
    prefix = environment_prefix(handler.name)
    options = {option.variable for option in options_of(handler.options, prefix)}
    for field, shape in Schedule.model_fields.items():
        named = f"{prefix}_{field}".upper()
        variable = "" if named in options else named
        overridden = bool(variable and os.environ.get(variable))
        yield Planned(field, variable, getattr(schedule, field), shape.default, overridden)
