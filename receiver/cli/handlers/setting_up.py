"""`nectar-router handlers setup`: makes at a handler's target what the handler needs to find there."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import BaseModel
from rich.text import Text

from receiver.api import Handler
from receiver.cli.handlers.loading import find_handler, read_filled
from receiver.cli.handlers.preflight import TIMEOUT
from receiver.cli.output import Failed, console
from receiver.describing import describe
from receiver.rehearsal import Answer, stand_in_of
from receiver.telemetry import Redactor

READS = ("GET", "HEAD")


def run(name: str, *, dry_run: bool) -> None:
    """Set up and say what was made. Raises BadParameter, Failed and SettingsError."""
    handler = find_handler(name)
    if handler.make is None:
        raise Failed(f"{name} needs no setting up.")
    filled = read_filled(handler, make_up=False)
    redactor = Redactor()
    redactor.hide_options(filled.options)
    made = asyncio.run(_make(handler, filled.options, redactor, dry_run=dry_run))
    out = console()
    if dry_run:
        out.print("A dry run: the target was asked what it has, and nothing was made.", style="dim")
    for line in made:
        out.print(Text(("would have " if dry_run else "") + redactor.text(line)), soft_wrap=True)
    if not made:
        out.print("Everything is there: nothing to make.")


async def _make(
    handler: Handler[Any], options: BaseModel, redactor: Redactor, *, dry_run: bool
) -> Sequence[str]:
    assert handler.make is not None
    async with httpx.AsyncClient(timeout=TIMEOUT) as http:
        client = http
        if dry_run:
            client = httpx.AsyncClient(transport=_OnlyReads(http, stand_in_of(handler, options)))
        try:
            return await handler.make(options, client)
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way, and that is the answer
            raise Failed(f"{handler.name}: {redactor.text(describe(error))}") from None


class _OnlyReads(httpx.AsyncBaseTransport):
    """Lets through what asks; what would make something is answered by the handler's stand-in."""

    def __init__(self, through: httpx.AsyncClient, stand_in: Answer) -> None:
        self._through = through
        self._stand_in = stand_in

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As a transport."""
        if request.method in READS:
            return await self._through.send(request)
        await request.aread()
        return self._stand_in(request)
