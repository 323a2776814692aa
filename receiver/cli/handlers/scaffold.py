"""`nectar-router handlers new`: a package with a handler that works as it is, and says where to change it."""

import shlex
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import typer
from jinja2 import Environment, StrictUndefined

from receiver.cli.handlers.naming import Naming, choose
from receiver.cli.output import Failed

TEMPLATES = {
    "README.md": "README.md.jinja",
    "pyproject.toml": "pyproject.toml.jinja",
    "{module}.py": "handler.py.jinja",
    "test_{module}.py": "test_handler.py.jinja",
}


def run(name: str, folder: Path) -> None:
    """Make the package and say what comes next. Raises BadParameter for a name that cannot be, and Failed."""
    try:
        naming = choose(name)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="NAME") from None
    place = folder / name
    make(naming, place)
    print(told(naming, place))


def make(naming: Naming, place: Path) -> None:
    """Write the package into a folder that is not there yet. Raises Failed."""
    try:
        place.mkdir(parents=True)
        for name, text in rendered(naming).items():
            (place / name).write_text(text, "utf-8")
    except FileExistsError:
        raise Failed(f"{place} is there already. Choose another name, or another folder with --in.") from None
    except OSError as error:
        raise Failed(f"{place} cannot be made: {error.strerror}.") from None


def rendered(naming: Naming) -> dict[str, str]:
    """The files of the package by name."""
    environment = Environment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Python and Markdown, from a name of letters, digits and dashes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates = files(__package__) / "templates"
    return {
        name.format(module=naming.module): environment.from_string(
            (templates / template).read_text("utf-8")
        ).render(naming=naming)
        for name, template in TEMPLATES.items()
    }


def told(naming: Naming, place: Path) -> str:
    """What was made, and the commands that come next."""
    programs = _programs()
    folder = str(place) if place.is_absolute() else f"./{place}"
    return f"""\
Made {place}: {naming.module}.py is the handler, test_{naming.module}.py its tests.

Install it beside the router, and run its tests:

  {programs}pip install -e {shlex.quote(f"{folder}[test]")}
  {programs}pytest {shlex.quote(folder)}

See what it would send:

  {programs}nectar-router handlers run {naming.name} --dry-run --made-up-options

Then enable it: add {naming.name} to HANDLERS, and set {naming.prefix}_URL and {naming.prefix}_TOKEN.
README.md in its folder goes on from here."""


def _programs() -> str:
    """What to write before the names of the programs beside this one: nothing when the shell finds them."""
    here = Path(sys.executable).parent
    if shutil.which("nectar-router") == str(here / "nectar-router"):
        return ""
    shown = here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here
    return f"{shlex.quote(str(shown))}/"
