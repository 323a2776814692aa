"""What is known of each handler from what is installed and from the environment. Never a secret's value."""

import os
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint

from receiver.cli.handlers.options import Option, options_of
from receiver.cli.handlers.schedules import Planned, plan
from receiver.registry import environment_prefix, installed, load_handler
from receiver.settings import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """About one handler."""

    name: str
    earnest: bool
    """HANDLERS has its name."""
    shadow: bool
    """HANDLERS has it in shadow mode: what it would send is kept instead."""
    package: str = ""
    """What provides it; empty: nothing does."""
    version: str = ""
    summary: str = ""
    problem: str = ""
    """Why it cannot be used; empty when it can."""
    options: tuple[Option, ...] = ()
    schedule: tuple[Planned, ...] = ()

    @property
    def enabled(self) -> bool:
        """In one way or the other."""
        return self.earnest or self.shadow

    @property
    def source(self) -> str:
        """The package and its version."""
        return f"{self.package} {self.version}".strip()


def asked_for() -> list[str]:
    """The entries of HANDLERS, whatever else may be wrong with the settings."""
    return [name.strip() for name in os.environ.get("HANDLERS", "").split(",") if name.strip()]


def facts() -> list[Facts]:
    """All handlers that are installed or asked for."""
    provided, asked = installed(), asked_for()
    found = [_facts(points, asked) for points in provided.values()]
    missing = dict.fromkeys(name for entry in asked if (name := entry.partition(":")[0]) not in provided)
    return found + [
        replace(_named(name, asked), problem="no installed package provides it") for name in missing
    ]


def _named(name: str, asked: list[str]) -> Facts:
    return Facts(name=name, earnest=name in asked, shadow=f"{name}:shadow" in asked)


def _facts(points: list[EntryPoint], asked: list[str]) -> Facts:
    point = points[0]
    found = replace(
        _named(point.name, asked),
        package=point.dist.name if point.dist else point.value,
        version=point.dist.version if point.dist else "",
    )
    try:
        handler = load_handler(points)
    except SettingsError as error:
        return replace(found, problem=str(error).removeprefix("HANDLERS: "))
    return replace(
        found,
        summary=handler.summary,
        options=tuple(options_of(handler.options, environment_prefix(point.name))),
        schedule=tuple(plan(handler)),
    )
