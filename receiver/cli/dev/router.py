"""The router itself, as it is deployed: web and worker, started together and stopped together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from receiver.cli.dev.programs import Group, Program
from receiver.cli.dev.surroundings import web_command, worker_command
from receiver.cli.output import Failed

TO_START = 30.0
TO_STOP = 3.0
WEB_LISTENS = "Uvicorn running on"
WORKER_WORKS = "  working "


@asynccontextmanager
async def running_router(group: Group, environment: Mapping[str, str]) -> AsyncIterator[None]:
    """Run both while the block runs, which begins when they are up. Raises Failed."""
    started: list[Program] = []
    try:
        started.append(await group.start("web", web_command(), environment, ready=WEB_LISTENS))
        started.append(await group.start("worker", worker_command(), environment, ready=WORKER_WORKS))
        await group.while_all_run(_until_ready(started))
        yield
    finally:
        await asyncio.gather(*(program.stop(TO_STOP) for program in started))


async def _until_ready(programs: list[Program]) -> None:
    try:
        async with asyncio.timeout(TO_START):
            for program in programs:
                await program.is_ready.wait()
    except TimeoutError:
        raise Failed(f"Web and worker were not up within {TO_START:g} seconds.") from None
