"""The connection that a handler is shown by hand: an example, a file, or one that Nectar has."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import typer
from pydantic import ValidationError

from receiver.api import Connection
from receiver.cli.output import Failed
from receiver.nectar import Nectar, NectarError
from receiver.settings import Settings, load_settings
from receiver.simulator import catalogue
from receiver.simulator.catalogue import UnknownNameError

USUAL = "password-incorrect"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was typed; at most one of them."""

    fixture: str = ""
    connection: str = ""
    file: Path | None = None

    def check(self) -> None:
        """Raises BadParameter."""
        if sum(map(bool, (self.fixture, self.connection, self.file))) > 1:
            raise typer.BadParameter("--fixture, --connection or --file: one of them.")
        try:
            UUID(self.connection or "0" * 32)
        except ValueError:
            raise typer.BadParameter("is not the id of a connection.", param_hint="--connection") from None


@dataclass(frozen=True, slots=True)
class Situation:
    """A connection as a handler is shown it, without the secret of its magic link."""

    connection: Connection
    told: str
    """What it is, in a few words."""


async def find_situation(choice: Choice) -> Situation:
    """The connection that was chosen; without a choice, the usual example. Raises BadParameter and Failed."""
    if choice.connection:
        async with nectar() as (api, _):
            try:
                found = await api.details(str(UUID(choice.connection)))
            except NectarError as error:
                raise Failed(f"{error}.") from None
        return Situation(_without_secret(found), f"connection {choice.connection}")
    if choice.file:
        return Situation(_read(choice.file), f"the connection in {choice.file}")
    name = choice.fixture or USUAL
    try:
        example = catalogue.connection(name)
    except UnknownNameError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--fixture") from None
    return Situation(_without_secret(Connection.model_validate(example)), f"the example {name}")


@asynccontextmanager
async def nectar() -> AsyncIterator[tuple[Nectar, Settings]]:
    """Nectar's API as the settings say. Raises Failed and SettingsError."""
    settings = load_settings()
    key = settings.nectar_api_key.get_secret_value()
    if not key:
        raise Failed("NECTAR_API_KEY: is not set; a connection is fetched with it.")
    async with Nectar(settings.nectar_base_url, key, max_requests=1) as api:
        yield api, settings


def _read(file: Path) -> Connection:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        return _without_secret(Connection.model_validate_json(text))
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{file} cannot be read: {error}.") from None
    except ValidationError as error:
        problems = error.errors(include_input=False, include_context=False, include_url=False)
        lines = (f"  {'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in problems)
        raise Failed("\n".join([f"{file} is not a connection as Nectar's GET answers it:", *lines])) from None


def _without_secret(connection: Connection) -> Connection:
    return connection.model_copy(update={"connection_magic_link_secret": None})
