"""The router itself, as it is deployed: web and worker, started together and stopped together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx

from receiver.cli.dev.ports import HOST
from receiver.cli.dev.programs import Group, Program
from receiver.cli.dev.surroundings import web_command, worker_command
from receiver.cli.dev.waiting import until
from receiver.cli.output import Failed
from receiver.journal.history import History

TO_START = 30.0
TO_STOP = 3.0


def health_url(port: int) -> str:
    """Where the web process tells how it is."""
    return f"http://{HOST}:{port}/readyz"


@asynccontextmanager
async def running_router(
    group: Group, port: int, environment: Mapping[str, str], history: History
) -> AsyncIterator[None]:
    """Run both while the block runs, which begins when they are up. Raises Failed."""
    started: list[Program] = []
    try:
        started.append(await group.start("web", web_command(port), environment))
        started.append(await group.start("worker", worker_command(), environment))
        await group.while_all_run(_until_up(health_url(port), history, started[-1]))
        yield
    finally:
        await asyncio.gather(*(program.stop(TO_STOP) for program in started))


async def _until_up(url: str, history: History, worker: Program) -> None:
    async def has_reported() -> bool:
        # This very worker: one that is gone is still listed for a while.
        return any(name.endswith(f":{worker.process.pid}") for name in await history.workers())

    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            await until(lambda: _is_ready(http, url), TO_START)
            await until(has_reported, TO_START)
        except TimeoutError:
            raise Failed(f"Web and worker were not up within {TO_START:g} seconds.") from None


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False
