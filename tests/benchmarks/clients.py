"""GETs a second by what could carry the router's requests: one process, ten connections side by side.

As a program it measures one of them: `python -m tests.benchmarks.clients NAME URL SECONDS`.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from statistics import median

import aiohttp
import httpx
import uvloop

from receiver.nectar import Nectar
from receiver.transport import make_transport
from tests.benchmarks.messages import connection_id
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import MEASURED, ROOT, on_core
from tests.benchmarks.rows import Row, absolute, ratio
from tests.benchmarks.stand_in import stand_in_nectar

AT_A_TIME = 10
LIMITS = {"max_connections": AT_A_TIME, "max_keepalive_connections": AT_A_TIME}
HEADERS = {"X-API-KEY": "example", "Accept": "application/json"}
BASELINE = "httpx"
Get = Callable[[str], Awaitable[object]]


@asynccontextmanager
async def _client(base: str, library: str, transport: httpx.AsyncBaseTransport | None) -> AsyncIterator[Get]:
    """A client with httpx's API: httpx's own, or one made after it."""
    module = import_module(library)
    limits = module.Limits(**LIMITS)
    async with module.AsyncClient(headers=HEADERS, limits=limits, transport=transport) as client:
        yield lambda connection: client.get(f"{base}/connection/{connection}/details")


@asynccontextmanager
async def _session(base: str) -> AsyncIterator[Get]:
    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def get(connection: str) -> object:
            async with session.get(f"{base}/connection/{connection}/details") as answer:
                return await answer.read()

        yield get


@asynccontextmanager
async def _nectar(base: str) -> AsyncIterator[Get]:
    async with Nectar(base, "example", max_requests=AT_A_TIME) as nectar:
        yield nectar.details


def _others(base: str) -> AbstractAsyncContextManager[Get]:
    return _client(
        base, "httpx", import_module("httpx_aiohttp").AiohttpTransport(limits=httpx.Limits(**LIMITS))
    )


CLIENTS: dict[str, Callable[[str], AbstractAsyncContextManager[Get]]] = {
    BASELINE: lambda base: _client(base, "httpx", None),
    "httpx2": lambda base: _client(base, "httpx2", None),
    "httpx_aiohttp": _others,
    "ours, below httpx": lambda base: _client(base, "httpx", make_transport()),
    "ours, as a fetch asks it": _nectar,
    "aiohttp": _session,
}
"""Those with a package's name are skipped where it is not installed."""


async def measure(plan: Plan) -> list[Row]:
    """One row for each, over httpx as it comes."""
    rates: dict[str, list[float]] = defaultdict(list)
    costs: dict[str, list[float]] = defaultdict(list)
    names = [name for name in CLIENTS if "ours" in name or find_spec(name)]
    with stand_in_nectar() as nectar:
        for turn in range(plan.rounds):
            for name in names[turn % 2 :] + names[: turn % 2]:
                rate, cost = _measured(name, nectar.url, plan.seconds)
                rates[name].append(rate)
                costs[name].append(cost)
    return [_row(name, rates, costs) for name in names]


def _row(name: str, rates: dict[str, list[float]], costs: dict[str, list[float]]) -> Row:
    note = f"{median(costs[name]):.0f} us of CPU each"
    if name == BASELINE:
        return absolute("clients", f"GETs by {name}", "/s", rates[name], note=note)
    return ratio("clients", f"GETs by {name}", "/s", rates[name], BASELINE, rates[BASELINE], note=note)


def _measured(name: str, url: str, seconds: float) -> tuple[float, float]:
    command = [sys.executable, "-m", __name__, name, url, str(seconds)]
    with on_core(MEASURED):
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    rate, cost = json.loads(done.stdout)
    return rate, cost


async def _run(name: str, url: str, seconds: float) -> tuple[float, float]:
    """GETs a second, and microseconds of CPU for each."""
    async with CLIENTS[name](url) as get:
        await _ask(get, seconds / 10)
        began, used = time.perf_counter(), _cpu()
        asked = await _ask(get, seconds)
        return asked / (time.perf_counter() - began), (_cpu() - used) / asked * 1e6


async def _ask(get: Get, seconds: float) -> int:
    """How many were answered in so many seconds."""
    end = time.perf_counter() + seconds
    asked = 0

    async def ask() -> None:
        nonlocal asked
        while time.perf_counter() < end:
            asked += 1
            await get(connection_id(asked))

    await asyncio.gather(*(ask() for _ in range(AT_A_TIME)))
    return asked


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_run(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
