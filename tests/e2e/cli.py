"""`nectar-router` as it is typed: a process, what it prints, and what it leaves behind."""

import os
import re
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAM = str(Path(sysconfig.get_path("scripts")) / "nectar-router")
PATIENCE = 60
"""Seconds before a wait is given up: for a busy machine, not a measure."""


def environment(place: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """No variable of this process but where programs are."""
    return {"PATH": os.environ["PATH"], "HOME": str(place), **variables}


def nectar_router(
    place: Path, *arguments: str, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, in that folder."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=place,
        env=environment(place, variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def until(what: str, is_so: Callable[[], object]) -> None:
    """Wait until it is so. Fails, saying what for, when it takes too long."""
    give_up = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < give_up, f"waited in vain until {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Running:
    """The program while it runs, and where its output goes."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text()

    def prints(self, text: str) -> None:
        """Wait until it has printed this. Fails, with the output, if it ends before or takes too long."""
        give_up = time.monotonic() + PATIENCE
        while text not in self.output:
            ended = self.process.poll() is not None
            assert not ended or text in self.output, f"it ended without {text!r}:\n{self.output}"
            assert time.monotonic() < give_up, f"waited in vain for {text!r}:\n{self.output}"
            time.sleep(0.05)

    def url(self, label: str) -> str:
        """The address in the line with this label."""
        found = re.search(rf"^ +{label} +(\S+?),?(\s|$)", self.output, re.M)
        assert found, self.output
        return found[1]

    def children(self) -> dict[int, str]:
        """The processes that it has started: pid and command."""
        listing = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        fields = (line.split(maxsplit=2) for line in listing.stdout.splitlines())
        return {int(pid): args for pid, parent, args in fields if int(parent) == self.process.pid}


@contextmanager
def running(place: Path, *arguments: str, **variables: str) -> Iterator[Running]:
    """The program, in a process group of its own as in a terminal; nothing of it is left at the end."""
    log = place / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=place,
            env=environment(place, variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Running(process, log)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def is_there(pid: int) -> bool:
    """Whether the process lives; one that nobody has asked for its exit code yet does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return state.stdout.strip()[:1] not in ("", "Z")


def kill(pid: int) -> None:
    """End a process without a warning."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
