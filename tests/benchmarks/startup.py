"""How long a start takes, and what a process holds in memory once it has started."""

import subprocess
import sys
import time

from tests.benchmarks import router
from tests.benchmarks.handlers import NOOPS
from tests.benchmarks.plan import Plan
from tests.benchmarks.ports import free_port
from tests.benchmarks.processes import MEASURED, PROCFILE, ROOT, on_core, program
from tests.benchmarks.redis_server import running_redis
from tests.benchmarks.rows import Row, absolute
from tests.benchmarks.webs import environment, wait_for_answer

MODULES = ("receiver.api", "receiver.web.__main__", "receiver.worker", "receiver.cli")
IMPORT = (
    "import sys, time; t = time.perf_counter(); import {}; print(time.perf_counter() - t, len(sys.modules))"
)


async def measure(plan: Plan) -> list[Row]:
    """Web, worker, and the imports of each."""
    with running_redis() as url:
        webs = [_web(url) for _ in range(plan.rounds)]
        workers = [_worker(url) for _ in range(plan.rounds)]
    rows = []
    for name, measured in (("web", webs), ("worker", workers)):
        rows += [
            absolute("startup", f"{name}, started to ready", "s", [seconds for seconds, _ in measured]),
            absolute("startup", f"{name}, memory when ready", "MB", [held for _, held in measured]),
        ]
    for module in MODULES:
        found = [_import(module) for _ in range(plan.rounds)]
        note = f"{found[0][1]} modules"
        rows.append(absolute("startup", f"import {module}", "ms", [took for took, _ in found], note=note))
    return rows


def _web(url: str) -> tuple[float, float]:
    """Seconds until /readyz is green, and MB then."""
    port = free_port()
    began = time.monotonic()
    with program(PROCFILE["web"], environment(url, PORT=str(port))) as started:
        wait_for_answer(f"http://127.0.0.1:{port}/readyz", started, good=True)
        return time.monotonic() - began, started.memory()


def _worker(url: str) -> tuple[float, float]:
    """Seconds until it works, and MB then."""
    began = time.monotonic()
    with router.running_worker(url, HANDLERS=",".join(NOOPS[:3])) as started:
        started.wait_for(router.WORKING)
        return time.monotonic() - began, started.memory()


def _import(module: str) -> tuple[float, int]:
    """Milliseconds in a process of its own, and the modules that are loaded then."""
    command = [sys.executable, "-c", IMPORT.format(module)]
    with on_core(MEASURED):
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    took, modules = done.stdout.split()
    return float(took) * 1000, int(modules)
