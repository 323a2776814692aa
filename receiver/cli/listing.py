"""`nectar-router handlers`: which there are, what options they take, and what is set. Never a value."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint

from rich.text import Text

from receiver.cli.options import Option, options_of
from receiver.cli.output import console, print_json
from receiver.registry import environment_prefix, installed, load_handler
from receiver.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Listed:
    """A handler."""

    name: str
    enabled: bool
    source: str
    """The package that provides it, and its version."""
    summary: str
    problem: str
    """Why it cannot be used; empty when it can."""
    options: tuple[Option, ...]


def asked_for() -> list[str]:
    """The names in HANDLERS, whatever else may be wrong with the settings."""
    return [name.strip() for name in os.environ.get("HANDLERS", "").split(",") if name.strip()]


def listed() -> list[Listed]:
    """All handlers that are installed or asked for."""
    provided, wanted = installed(), asked_for()
    found = [_describe(points, points[0].name in wanted) for points in provided.values()]
    missing = (name for name in dict.fromkeys(wanted) if name not in provided)
    return found + [Listed(name, True, "", "", "no installed package provides it", ()) for name in missing]


def _describe(points: list[EntryPoint], enabled: bool) -> Listed:
    point = points[0]
    source = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    try:
        handler = load_handler(points)
    except SettingsError as error:
        return Listed(point.name, enabled, source, "", str(error).removeprefix("HANDLERS: "), ())
    options = tuple(options_of(handler.options, environment_prefix(point.name)))
    return Listed(point.name, enabled, source, handler.summary, "", options)


def run(*, as_json: bool) -> None:
    """Print the list."""
    handlers = listed()
    if as_json:
        print_json({"handlers": [asdict(handler) for handler in handlers]})
        return
    out = console()
    if not handlers:
        out.print("No handler is installed.")
    for handler in handlers:
        for line in _lines(handler):
            out.print(line, soft_wrap=True)


def _lines(handler: Listed) -> Iterator[Text]:
    state, style = ("enabled", "green") if handler.enabled else ("not enabled", "dim")
    if handler.problem:
        state, style = ("broken", "bold red")
    words = handler.problem or handler.summary
    yield Text.assemble((f"{handler.name:<16}", "bold"), (f"{state:<13}", style), words)
    if handler.source:
        yield Text(f"{'':<29}from {handler.source}", style="dim")
    widths = [max((len(option.variable) for option in handler.options), default=0)]
    widths.append(max((len(option.type) for option in handler.options), default=0))
    for option in handler.options:
        yield _option_line(option, *widths)
    yield Text()


def _option_line(option: Option, name_width: int, type_width: int) -> Text:
    need = (
        "required"
        if option.required
        else f"default {option.default}"
        if option.default is not None
        else "optional"
    )
    missing = option.required and not option.set
    return Text.assemble(
        f"    {option.variable:<{name_width}}  {option.type:<{type_width}}  ",
        (
            f"{'set' if option.set else 'not set':<9}",
            "green" if option.set else "yellow" if missing else "dim",
        ),
        f"{need}  ",
        (option.description, "dim"),
    )
