"""Makes the tables of the pages from the code: `python -m tests.docs` writes them, tests compare them.

Each table stands between two comments, `<!-- settings -->` and `<!-- /settings -->`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import typer.main
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from receiver.api import Handler, Schedule
from receiver.cli import app
from receiver.registry import GROUP, environment_prefix
from receiver.settings import Settings
from tests import ladder
from tests.benchmarks.table import TABLES as MEASURED
from tests.benchmarks.table import read

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
HANDLERS_PAGE = ROOT / "handlers/README.md"


def default_of(field: FieldInfo) -> str:
    """A default as an operator would write it."""
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return f"`{int(value)}`"
    return "" if value in ((), "", None) else f"`{value}`"


def settings() -> Iterator[str]:
    """Every variable that the router reads."""
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in Settings.model_fields.items():
        yield f"| `{name.upper()}` | {default_of(field)} | {field.description} |"


def handlers() -> Iterator[str]:
    """The built-in handlers and their options."""
    yield "| handler | what it does | option | default | meaning |"
    yield "|---|---|---|---|---|"
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        if point.value.startswith("handlers."):
            yield from _rows(point.load())


def _rows(handler: Handler[Any]) -> Iterator[str]:
    lead = f"| `{handler.name}` | {handler.summary} |"
    options: type[BaseModel] = handler.options
    for name, field in options.model_fields.items():
        variable = f"{environment_prefix(handler.name)}_{(field.alias or name).upper()}"
        yield f"{lead} `{variable}` | {default_of(field)} | {field.description} |"
        lead = "| | |"
    if not options.model_fields:
        yield f"{lead} | | |"


def commands() -> Iterator[str]:
    """The commands of `nectar-router`."""
    yield "| command | what it does |"
    yield "|---|---|"
    for name, summary in _commands(typer.main.get_command(app), "nectar-router"):
        yield f"| `{name}` | {summary} |"


def _commands(group: Any, before: str) -> Iterator[tuple[str, str]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", (command.help or "").partition("\n")[0]


def procfile() -> Iterator[str]:
    """The processes, as the Procfile has them."""
    yield "```text"
    yield from (ROOT / "Procfile").read_text().splitlines()
    yield "```"


def schedule() -> Iterator[str]:
    """What can be said about when a handler runs."""
    yield "| `@handler(...)` | variable | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in Schedule.model_fields.items():
        yield f"| `{name}` | `PAGER_{name.upper()}` | {default_of(field)} | {field.description} |"


def measured(lines: Callable[[dict[str, Any]], Iterator[str]]) -> Callable[[], Iterator[str]]:
    """A table of what the benchmarks have measured."""
    return lambda: lines(read())


Tables = Mapping[str, Callable[[], Iterator[str]]]
TABLES: Tables = {
    "settings": settings,
    "handlers": handlers,
    "commands": commands,
    "procfile": procfile,
    **{name: measured(lines) for name, lines in MEASURED.items()},
}
HANDLERS_TABLES: Tables = {"schedule": schedule, "ladder": ladder.table}


def rendered(text: str, tables: Tables = TABLES) -> str:
    """The text with each of its tables made anew."""
    for name, lines in tables.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        assert between.search(text), f"the page has no place for {name}"
        table = "\n".join(lines()).replace("\\", r"\\")
        text = between.sub(rf"\1{table}\n\2", text)
    return text


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


def write() -> None:
    """Make the tables of all pages anew."""
    README.write_text(rendered(README.read_text()))
    HANDLERS_PAGE.write_text(rendered(HANDLERS_PAGE.read_text(), HANDLERS_TABLES))


if __name__ == "__main__":
    write()
