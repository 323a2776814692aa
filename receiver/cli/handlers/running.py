"""`nectar-router handlers run`: one handler, one connection, here and now, without Redis."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
import typer
from structlog.typing import EventDict, WrappedLogger

from receiver.api import Change, CompanyListing, Connection, Handler
from receiver.cli.handlers.loading import Filled, find_handler, read_filled
from receiver.cli.handlers.performance_lines import print_opening, print_performance
from receiver.cli.handlers.situation import Choice, find_situation, nectar
from receiver.cli.handlers.stage import MakeLink, Performance, perform, rehearse
from receiver.dispatch.links import Links
from receiver.telemetry import Redactor
from receiver.testing import LINK, MemorySteps, make_change

WELL = ("done", "skipped", "later")
"""How it went when nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was typed."""

    name: str
    choice: Choice
    previous: str
    dry_run: bool
    made_up_options: bool


def run(order: Order) -> int:
    """Run it and print what there is to see; the exit code. Raises BadParameter, Failed and SettingsError."""
    order.choice.check()
    if order.made_up_options and not order.dry_run:
        raise typer.BadParameter("made-up options are for --dry-run only.", param_hint="--made-up-options")
    handler = find_handler(order.name)
    filled = read_filled(handler, make_up=order.made_up_options)
    return asyncio.run(_run(order, handler, filled))


async def _run(order: Order, handler: Handler[Any], filled: Filled) -> int:
    redactor = Redactor()
    redactor.hide_options(filled.options)
    situation = await find_situation(order.choice)
    redactor.hide(situation.connection.username)
    change = make_change(situation.connection, order.previous or None)
    structlog.configure(processors=[_drop])
    print_opening(handler, filled, situation, change, dry_run=order.dry_run)
    if order.dry_run:
        performance = await rehearse(handler, change, filled.options)
    else:
        performance = await _perform(order, handler, filled, change, redactor)
    print_performance(handler, performance, redactor)
    return 0 if performance.run.went in WELL else 1


def _drop(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A processor of structlog's: what the handler logs is heard, and shown without secrets at the end."""
    raise structlog.DropEvent


async def _perform(
    order: Order, handler: Handler[Any], filled: Filled, change: Change, redactor: Redactor
) -> Performance:
    async with AsyncExitStack() as stack:
        make_link = _made_up_link
        list_company: CompanyListing | None = None
        if order.choice.connection:
            api, settings = await stack.enter_async_context(nectar())
            redactor.hide_options(settings)
            links = Links(api, settings.reconnect_link, redactor)

            def make_link(steps: MemorySteps) -> MakeLink:
                return lambda: links.make(change.connection, steps)

            async def list_company(company: UUID, /) -> list[Connection]:
                return await api.company(str(company))

        return await perform(handler, change, filled.options, make_link, list_company)


def _made_up_link(steps: MemorySteps) -> MakeLink:
    """For a connection that Nectar does not have."""

    async def make() -> str:
        return LINK

    return make
