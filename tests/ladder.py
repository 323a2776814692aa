"""The quality ladder of the built-in handlers: computed, never claimed. `python -m tests.ladder` prints it.

What code and pages can show is looked at; what only a test can show is a test that tests/ladder.toml names.
"""

import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from receiver.api import Handler
from receiver.cli.handlers.options import options_of
from receiver.registry import GROUP, environment_prefix

ROOT = Path(__file__).parents[1]
CLAIMS: dict[str, dict[str, str]] = tomllib.loads((ROOT / "tests/ladder.toml").read_text())
"""By handler: for each demand that a test answers, that test, as pytest names it."""


@dataclass(frozen=True)
class Candidate:
    """A built-in handler, and what there is about it."""

    handler: Handler[Any]
    claims: Mapping[str, str]
    pages: Path = ROOT / "handlers"

    @property
    def name(self) -> str:
        """In HANDLERS."""
        return self.handler.name

    @property
    def page(self) -> str:
        """Its own page; empty: it has none."""
        file = self.pages / self.handler.run.__module__.split(".")[1] / "README.md"
        return file.read_text() if file.exists() else ""

    @property
    def has_target(self) -> bool:
        """Whether there is another system at all: whoever has none has nothing to be set."""
        return bool(self.handler.options.model_fields)

    def tested(self, demand: str) -> bool:
        """Whether a test is named for this. That it is there, another test sees to."""
        return demand in self.claims

    def has_section(self, title: str) -> bool:
        """Whether its page has a section of that name."""
        return bool(re.search(rf"^## {title}$", self.page, re.MULTILINE))


def _has_summary(one: Candidate) -> bool:
    return bool(re.fullmatch(r".{10,}\.", one.handler.summary))


def _is_described(one: Candidate) -> bool:
    return all(field.description for field in one.handler.options.model_fields.values())


def _needs_no_stand_in(one: Candidate) -> bool:
    """What goes by `ctx.outside` alone is rehearsed without one."""
    folder = Path(inspect.getfile(one.handler.run)).parent
    code = "".join(file.read_text() for file in folder.glob("*.py")) if folder.name != "handlers" else ""
    return "ctx.outside(" in code and "ctx.http" not in code


def _is_set_up(one: Candidate) -> bool:
    variables = options_of(one.handler.options, environment_prefix(one.name))
    return one.has_section("Set up") and all(f"`{each.variable}`" in one.page for each in variables)


def _is_operated(one: Candidate) -> bool:
    return one.has_section("When it fails") and one.has_section("What to watch")


Demand = tuple[str, Callable[[Candidate], bool]]

RUNGS: dict[str, list[Demand]] = {
    "bronze": [
        ("a summary", _has_summary),
        ("a description of each option", _is_described),
        ("the contract among its tests", lambda one: one.tested("contract")),
    ],
    "silver": [
        ("a preflight", lambda one: not one.has_target or one.handler.check is not None),
        (
            "a stand-in",
            lambda one: not one.has_target or one.handler.double is not None or _needs_no_stand_in(one),
        ),
        ("a page with its set-up", lambda one: not one.has_target or _is_set_up(one)),
        ("a test of every status", lambda one: one.tested("statuses")),
    ],
    "gold": [
        ("tests against a real server", lambda one: one.tested("server")),
        ("requests held against the vendor's description", lambda one: one.tested("vendor")),
        ("a page for whoever operates it", _is_operated),
    ],
}


def candidates() -> list[Candidate]:
    """The built-in handlers, by name."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    found = [point.load() for point in points if point.value.startswith("handlers.")]
    return [Candidate(handler, CLAIMS.get(handler.name, {})) for handler in found]


def climbed(one: Candidate) -> tuple[str, list[str]]:
    """The highest rung that it stands on, and what it lacks for the next."""
    rung = "none"
    for name, demands in RUNGS.items():
        if lacks := [demand for demand, is_met in demands if not is_met(one)]:
            return rung, lacks
        rung = name
    return rung, []


def table() -> Iterator[str]:
    """Each built-in handler's place."""
    yield "| handler | rung | for the next it lacks |"
    yield "|---|---|---|"
    for one in candidates():
        rung, lacks = climbed(one)
        yield f"| `{one.name}` | {rung} | {', '.join(lacks)} |"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table())
