"""`nectar-router dev`: everything on one machine, and nothing that reaches beyond it."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import typer

from receiver.cli.dev.house import House, open_house
from receiver.cli.dev.programs import Stopped
from receiver.cli.dev.show import greet, run_once
from receiver.cli.dev.surroundings import Wishes
from receiver.cli.folder import USUAL
from receiver.cli.output import console
from receiver.simulator import Scenario, play, scenarios
from receiver.simulator.catalogue import UnknownNameError

__all__ = ["Wishes", "run"]

NOTHING = "none"
ONCE = "reconnect"
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(wishes: Wishes) -> int:
    """Run until it is stopped, or once; the exit code. Raises Failed."""
    if wishes.once and wishes.scenario != ONCE:
        raise typer.BadParameter(f"--once plays {ONCE}.", param_hint="--scenario")
    try:
        return asyncio.run(_dev(wishes, _story(wishes.scenario)))
    except Stopped:
        return 1 if wishes.once else 0


def _story(name: str) -> Scenario | None:
    try:
        return None if name == NOTHING else scenarios.find(name)
    except UnknownNameError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--scenario") from None


async def _dev(wishes: Wishes, story: Scenario | None) -> int:
    stop = asyncio.Event()
    for number in STOPS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    out = console()
    async with AsyncExitStack() as stack:
        folder = wishes.data or USUAL
        if wishes.once and wishes.data is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="nectar-router-")))
        house = await stack.enter_async_context(open_house(wishes, folder, out, os.environ, stop))
        greet(out, house, story, once=wishes.once)
        work = run_once(out, house, story) if wishes.once and story else _stay(house, story)
        return await house.group.while_all_run(work)


async def _stay(house: House, story: Scenario | None) -> int:
    if story is not None:
        await play(house.simulator, _anew(story))
    await asyncio.Event().wait()
    return 0


def _anew(story: Scenario) -> Scenario:
    """The story with connections that were never there before: the data of earlier runs is still there."""
    seen: set[str] = set()
    steps = []
    for step in story.steps:
        fresh = {} if step.connection in seen else {"id": str(uuid4())}
        steps.append(replace(step, fields={**step.fields, **fresh}))
        seen.add(step.connection)
    return replace(story, steps=tuple(steps))
