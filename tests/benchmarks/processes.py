"""The processes of a measurement: each on its core, with what it costs."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
PATIENCE = 120.0
"""Seconds before a wait is given up. Not a measure."""
LOOK = 0.02
"""Seconds between two looks at what is left, of any queue: each takes Redis's core from what is measured, and
a round takes hundreds of times as long."""
TICKS = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[set[int], set[int]]:
    """The core of what is measured, and that of all the rest: the load, Redis, the stand-in Nectar.

    With a single core both are that one, and where a process cannot be kept on a core both are empty.
    """
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    first, *rest = sorted(os.sched_getaffinity(0))
    return {first}, {rest[0] if rest else first}


MEASURED, REST = cores()


def keep_on(core: set[int], pid: int = 0) -> None:
    """Keep a process on a core, with the threads that it has."""
    if not core:
        return
    threads = [int(each.name) for each in Path(f"/proc/{pid or os.getpid()}/task").iterdir()]
    for thread in threads:
        os.sched_setaffinity(thread, core)


@contextmanager
def on_core(core: set[int]) -> Iterator[None]:
    """What is started in the block, by this thread, stays on that core."""
    before = os.sched_getaffinity(0) if core else set()
    if core:
        os.sched_setaffinity(0, core)
    try:
        yield
    finally:
        if core:
            os.sched_setaffinity(0, before)


@dataclass(frozen=True)
class Program:
    """A process that runs."""

    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    def cpu(self) -> float:
        """Seconds of processor time used so far, by all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def wait_until_idle(self) -> None:
        """Wait until it has done what is in hand."""
        used = -1.0
        while used != (used := self.cpu()):
            time.sleep(0.1)

    def memory(self) -> float:
        """MB that it holds in memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [held] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(held) / 1024

    def said(self) -> str:
        """What it has printed."""
        return self.output.read_text(errors="replace")

    def wait_for(self, words: str) -> None:
        """Wait until it has printed these words. Raises RuntimeError with the rest when it ends first."""
        give_up = time.monotonic() + PATIENCE
        while words not in self.said():
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"never said {words!r}, but:\n{self.said()[-2000:]}")
            time.sleep(0.005)


@contextmanager
def program(command: str, environment: Mapping[str, str], core: set[int] | None = None) -> Iterator[Program]:
    """A process while the block runs, on the core of what is measured unless another is named."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    plugins = ROOT / "tests" / "benchmarks" / "plugin"
    everywhere = {"PATH": path, "PYTHONPATH": f"{ROOT}{os.pathsep}{plugins}", "PYTHONUNBUFFERED": "1"}
    with tempfile.NamedTemporaryFile(prefix="bench-") as output:
        with on_core(MEASURED if core is None else core):
            started = subprocess.Popen(
                shlex.split(command),
                env=everywhere | dict(environment),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Program(started, Path(output.name))
        finally:
            started.terminate()
            try:
                started.wait(30)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
