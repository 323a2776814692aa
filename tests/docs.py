"""Makes the tables of the README from the code: `python -m tests.docs` writes them, a test compares them.

Each table stands between two comments, `<!-- settings -->` and `<!-- /settings -->`.
"""

import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import typer.main
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from receiver.api import Handler
from receiver.cli import app
from receiver.registry import GROUP, environment_prefix
from receiver.settings import Settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


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
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        yield f"| `nectar-router {name}` | {(command.help or '').partition(chr(10))[0]} |"


def procfile() -> Iterator[str]:
    """The processes, as the Procfile has them."""
    yield "```text"
    yield from (ROOT / "Procfile").read_text().splitlines()
    yield "```"


TABLES = {"settings": settings, "handlers": handlers, "commands": commands, "procfile": procfile}


def rendered(text: str) -> str:
    """The text with each of its tables made anew."""
    for name, lines in TABLES.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        assert between.search(text), f"the README has no place for {name}"
        table = "\n".join(lines()).replace("\\", r"\\")
        text = between.sub(rf"\1{table}\n\2", text)
    return text


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


if __name__ == "__main__":
    README.write_text(rendered(README.read_text()))
