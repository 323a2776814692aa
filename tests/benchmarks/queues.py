"""The queues whose workers are compared: how each is filled, worked off, and seen to be empty."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks.processes import REST, program
from tests.benchmarks.redis_server import Client

HERE = "tests.benchmarks.peers"
NODE = f"node {Path(__file__).parent / 'peers' / 'bullmq_jobs.js'}"
NODE_PACKAGES = ("bullmq@6.7.0", "ioredis@5.8.2")


@dataclass(frozen=True)
class Queue:
    """A queue with no-op jobs."""

    name: str
    needs: str
    """The package without which it is skipped."""
    fill: str
    """The command that enqueues, before the number."""
    work: str
    left: Callable[[Client], int]
    """Jobs that wait or are in hand."""
    a_second: int
    """About how many it does: a round has as many jobs as take its time."""

    @property
    def missing(self) -> str:
        """Why it cannot be measured here; empty when it can."""
        if self.needs == "node":
            return "" if shutil.which("node") and shutil.which("npm") else "node and npm are not there"
        return "" if find_spec(self.needs) else f"{self.needs} is not installed"


def _in_stream(client: Client) -> int:
    groups = client.xinfo_groups("taskiq") if client.exists("taskiq") else []
    return sum(int(group["lag"] or 0) + int(group["pending"]) for group in groups)


def _at_bullmq(client: Client) -> int:
    return sum(int(client.llen(f"bull:bench:{each}")) for each in ("wait", "active"))


ARQ_TUNED = Queue(
    "arq, tuned (100 jobs, poll 0.01 s)",
    "arq",
    f"python -m {HERE}.arq_jobs nothing",
    f"python -m arq {HERE}.arq_jobs.Tuned",
    lambda client: int(client.zcard("arq:queue")),
    1400,
)
ARQ_QUIET = Queue(
    "arq, tuned, with uvloop and no log",
    "arq",
    f"python -m {HERE}.arq_jobs nothing",
    f"python -m arq {HERE}.arq_quiet.Quiet --custom-log-dict {HERE}.arq_quiet.QUIET",
    lambda client: int(client.zcard("arq:queue")),
    2000,
)
ARQ = Queue(
    "arq, default",
    "arq",
    f"python -m {HERE}.arq_jobs nothing",
    f"python -m arq {HERE}.arq_jobs.Default",
    lambda client: int(client.zcard("arq:queue")),
    200,
)
SAQ = Queue(
    "saq",
    "saq",
    f"python -m {HERE}.saq_jobs",
    f"python -m saq {HERE}.saq_jobs.settings",
    lambda client: int(client.zcard("saq:default:incomplete")),
    1900,
)
TASKIQ = Queue(
    "taskiq on Redis streams",
    "taskiq_redis",
    f"python -m {HERE}.taskiq_jobs",
    f"python -m taskiq worker {HERE}.taskiq_jobs:broker --workers 1 --max-async-tasks 100"
    " --log-level WARNING",
    _in_stream,
    3000,
)
BULLMQ = Queue("BullMQ", "node", f"{NODE} fill", f"{NODE} work", _at_bullmq, 15_000)
QUEUES = (ARQ_TUNED, ARQ_QUIET, ARQ, TASKIQ, SAQ, BULLMQ)


def run(command: str, **variables: str) -> None:
    """Run a command to its end, on the core of the load. Raises RuntimeError with what it said."""
    with program(command, variables, REST) as started:
        if started.process.wait(600):
            raise RuntimeError(f"{command}:\n{started.said()[-2000:]}")


@contextmanager
def node_packages() -> Iterator[dict[str, str]]:
    """The variables of a node that finds BullMQ, installed for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *NODE_PACKAGES]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ
        )
        if done.returncode:
            raise RuntimeError(f"BullMQ could not be installed:\n{done.stderr[-2000:]}")
        yield {"NODE_PATH": f"{folder}/node_modules"}
