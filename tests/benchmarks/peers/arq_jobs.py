"""arq: the same jobs by its book. As a program it enqueues them: nothing|fetch NUMBER."""

import asyncio
import os
import sys
from typing import Any

import httpx
from arq import create_pool
from arq.connections import RedisSettings
from arq.typing import WorkerCoroutine

from receiver.schema import Connection
from tests.benchmarks.messages import connection_id

HANDLERS = ("noop1", "noop2", "noop3")
NECTAR_AT_A_TIME = 10
"""As the router asks it, and httpx is at its best with few."""


async def nothing(ctx: dict[Any, Any]) -> None:
    """Do nothing."""


async def deliver(ctx: dict[Any, Any], handler: str, connection: dict[str, Any]) -> None:
    """Show a connection to a handler that does nothing."""


async def fetch(ctx: dict[Any, Any], connection: str) -> None:
    """Fetch a connection and enqueue a job for each handler."""
    answer = await ctx["http"].get(f"/connection/{connection}/details")
    answer.raise_for_status()
    found = Connection.model_validate_json(answer.content).model_dump(mode="json")
    for handler in HANDLERS:
        await ctx["redis"].enqueue_job("deliver", handler, found)


async def open_client(ctx: dict[Any, Any]) -> None:
    """Open the client of Nectar."""
    limits = httpx.Limits(max_connections=NECTAR_AT_A_TIME, max_keepalive_connections=NECTAR_AT_A_TIME)
    url = os.environ.get("NECTAR_BASE_URL", "http://127.0.0.1")
    # The timeout covers the wait for a free connection too.
    ctx["http"] = httpx.AsyncClient(base_url=url, limits=limits, timeout=60)


FUNCTIONS: list[WorkerCoroutine] = [nothing, deliver, fetch]
REDIS = RedisSettings.from_dsn(os.environ.get("REDIS_URL", "redis://127.0.0.1"))


class Default:
    """As it comes."""

    functions = FUNCTIONS
    on_startup = open_client
    redis_settings = REDIS


class Tuned:
    """The settings that its documentation offers for speed."""

    functions = FUNCTIONS  # arq does not look at what a class inherits
    on_startup = open_client
    redis_settings = REDIS
    max_jobs = 100
    poll_delay = 0.01


async def fill(kind: str, number: int) -> None:
    """Enqueue so many jobs."""
    pool = await create_pool(REDIS)
    for start in range(0, number, 50):
        each = range(start, min(number, start + 50))
        arguments = [(connection_id(place),) if kind == "fetch" else () for place in each]
        await asyncio.gather(*(pool.enqueue_job(kind, *given) for given in arguments))
    await pool.aclose()


if __name__ == "__main__":
    asyncio.run(fill(sys.argv[1], int(sys.argv[2])))
