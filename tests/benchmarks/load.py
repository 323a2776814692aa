"""Load on a web process: wrk where it is installed, else a generator of our own. One for a whole run."""

import asyncio
import json
import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.processes import REST, ROOT, on_core

CONNECTIONS = 64
GENERATOR = "wrk" if shutil.which("wrk") else "own"
WITHOUT_WRK = (
    "wrk is not installed, and our own generator is slower: ratios come out nearer to 1 than they are. "
    "Install it by `apt-get install wrk`, or `brew install wrk`."
)
SCRIPT = Path(__file__).parent / "post.lua"


@dataclass(frozen=True)
class Answers:
    """What a load was answered. Times in ms."""

    answered: int
    seconds: float
    p50: float
    p99: float
    refused: int
    """Answers other than 2xx and 3xx."""
    failed: int
    """Requests without an answer."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


async def load(
    port: int, requests: Path, seconds: float, *, pause: float = 0.0, again: bool = False
) -> Answers:
    """Send the file's requests over 64 connections for so many seconds.

    `pause`: mean ms that each connection waits before it sends; 0: as fast as it goes. `again`: from the
    beginning when all are sent. Raises RuntimeError when they are and it is not to be, and when anything was
    answered otherwise than 2xx, or not at all.
    """
    target = f"http://127.0.0.1:{port}"
    whole = max(1, math.ceil(seconds))
    command = {
        "wrk": [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{whole}s",
            "--timeout=10s",
            "-s",
            str(SCRIPT),
            target,
            "--",
        ],
        "own": [sys.executable, "-m", "tests.benchmarks.generator", str(port), str(whole), str(CONNECTIONS)],
    }[GENERATOR]
    with on_core(REST):
        process = await asyncio.create_subprocess_exec(
            *command,
            *(str(requests), f"{pause:.3f}", str(int(again))),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=ROOT,
        )
    said, _ = await process.communicate()
    last = said.decode().strip().rpartition("\n")[2]
    if process.returncode or not last.startswith("{"):
        raise RuntimeError(f"the load could not be made:\n{said.decode()[-2000:]}")
    answers = Answers(**json.loads(last))
    if answers.refused or answers.failed:
        raise RuntimeError(f"{answers.refused} refused, {answers.failed} without an answer")
    return answers
