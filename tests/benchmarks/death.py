"""A worker is killed with its hands full: how long until another has all of it in hand."""

import os
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import router
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import PATIENCE, Program
from tests.benchmarks.redis_server import running_redis
from tests.benchmarks.rows import Goal, Row, Untrue, absolute
from tests.benchmarks.stand_in import stand_in_nectar

IN_HAND = 100
LONG = "200"
"""Seconds that the handler takes: longer than all of this."""


async def measure(plan: Plan) -> list[Row]:
    """Seconds from SIGKILL until the last job has been started again."""
    took = [await _again(plan.size(IN_HAND, 10)) for _ in range(plan.rounds)]
    name = f"{IN_HAND} jobs in hand, SIGKILL to all running again"
    return [absolute("death", name, "s", took, Goal(10, at_least=False))]


async def _again(jobs: int) -> float:
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        nectar = stack.enter_context(stand_in_nectar())
        told = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "told"
        variables = {
            "HANDLERS": "told",
            "TOLD_PATH": str(told),
            "TOLD_SECONDS": LONG,
            "NECTAR_BASE_URL": nectar.url,
            "SHUTDOWN_SECONDS": "0",
        }
        async with router.journal(url) as store:
            await router.accept(store, jobs, jobs)
        first = stack.enter_context(router.running_worker(url, **variables))
        _started_by(first, told, jobs)
        second = stack.enter_context(router.running_worker(url, **variables))
        second.wait_for(router.WORKING)
        if _connections(told, second):
            raise Untrue("the second worker had some of the jobs before the first was killed")
        killed = time.monotonic()
        os.kill(first.pid, signal.SIGKILL)
        return _started_by(second, told, jobs) - killed


def _started_by(worker: Program, told: Path, jobs: int) -> float:
    """When this worker has started the last of so many jobs."""
    give_up = time.monotonic() + PATIENCE
    while len(started := _connections(told, worker)) < jobs:
        if time.monotonic() > give_up:
            raise RuntimeError(f"{len(started)} of {jobs} started:\n{worker.said()[-2000:]}")
        time.sleep(0.05)
    return max(started.values())


def _connections(told: Path, worker: Program) -> dict[str, float]:
    """When this worker started the handler, by connection."""
    lines = told.read_text().splitlines() if told.exists() else []
    entries = map(str.split, lines)
    return {connection: float(at) for at, pid, connection in entries if int(pid) == worker.pid}
