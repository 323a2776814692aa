"""`nectar-router` as it is typed, run within the test: what it prints, and how it ends."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from receiver.cli import app
from receiver.cli.output import Failed


@dataclass(frozen=True)
class Said:
    """What came of a command."""

    code: int
    output: str
    """What it printed, and the reason if it failed."""

    @property
    def document(self) -> Any:
        """The JSON that it printed."""
        return json.loads(self.output)


@dataclass(frozen=True)
class Terminal:
    """Where commands are typed: its environment names this Redis, and these handlers."""

    redis_url: str
    handlers: str = ""

    async def type(self, *words: str, **variables: str) -> Said:
        """Run a command to its end."""
        environment = {"REDIS_URL": self.redis_url, "HANDLERS": self.handlers, **variables}
        result = await asyncio.to_thread(CliRunner().invoke, app, words, env=environment)
        if isinstance(result.exception, Failed):
            return Said(1, f"{result.output}{result.exception}")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.output)

    async def good(self, *words: str, **variables: str) -> str:
        """What a command prints that must end well."""
        said = await self.type(*words, **variables)
        assert said.code == 0, said.output
        return said.output

    async def read(self, *words: str, **variables: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(await self.good(*words, "--json", **variables))
