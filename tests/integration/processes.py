"""Worker processes for tests, with a handler that keeps a diary of what it was shown."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 60
"""Seconds before a wait is given up. Not a measure, but what promise 2 allows."""

DIARY = '''
"""A handler that keeps a diary; what it does beside is told by its options."""

import asyncio, json, os, time
from pydantic import BaseModel
from receiver.api import Done, RetryLater, handler


class Options(BaseModel):
    path: str
    sleeps: float = 0
    blocks: float = 0
    tells_link: bool = False


@handler("diary", options=Options, timeout=40)
async def diary(change, ctx):
    """Writes down when it begins and when it ends."""
    write(ctx, change, "begins")
    if ctx.options.tells_link and ctx.attempt == 1:
        link = await ctx.reconnect_link()
        ctx.log.info("made", link=link, text=f"see {link}")
        raise ValueError(f"cannot send {link} to {change.connection.workflow_owner_email}")
    await asyncio.sleep(ctx.options.sleeps)
    time.sleep(ctx.options.blocks)
    write(ctx, change, "ends")
    return Done()


def write(ctx, change, what):
    line = {"pid": os.getpid(), "connection": str(change.connection.id), "what": what,
            "status": str(change.connection.status), "attempt": ctx.attempt}
    descriptor = os.open(ctx.options.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (json.dumps(line) + "\\n").encode())
    os.close(descriptor)
'''


@dataclass
class Workers:
    """Starts worker processes, each with a log of its own, and reads the diary that they keep."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, **more: str) -> subprocess.Popen[bytes]:
        """One more worker."""
        log = self.folder / f"worker-{len(self.started)}.log"
        with log.open("wb") as output:
            started = subprocess.Popen(
                [sys.executable, "-m", "receiver.worker"],
                env={**self.environment, **more},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.started.append(started)
        return started

    def log(self, number: int = 0) -> str:
        """What a worker has said."""
        return (self.folder / f"worker-{number}.log").read_text()

    def diary(self, what: str = "") -> list[dict[str, Any]]:
        """The diary's entries, oldest first."""
        path = Path(self.environment["DIARY_PATH"])
        lines = path.read_text().splitlines() if path.exists() else []
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if what in entry["what"]]

    def overlaps(self) -> int:
        """How often a delivery began while another of the same connection was under way."""
        under_way: Counter[str] = Counter()
        found = 0
        for entry in self.diary():
            found += entry["what"] == "begins" and under_way[entry["connection"]] > 0
            under_way[entry["connection"]] += 1 if entry["what"] == "begins" else -1
        return found

    async def stop(self, worker: subprocess.Popen[bytes]) -> int:
        """Ask a worker to end; its exit status."""
        worker.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(worker.wait, PATIENCE)


@contextmanager
def workers(folder: Path, redis_url: str, nectar_url: str, **more: str) -> Iterator[Workers]:
    """A place to start workers from: the handler is an installed package of somebody else's."""
    plugins = folder / "plugins"
    metadata = plugins / "acme_diary-1.0.dist-info"
    metadata.mkdir(parents=True)
    (plugins / "acme_diary.py").write_text(DIARY)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-diary\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[nectar_router.handlers]\ndiary = acme_diary:diary\n")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(plugins),
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": redis_url,
        "NECTAR_BASE_URL": nectar_url,
        "NECTAR_API_KEY": "example-api-key",
        "HANDLERS": "diary,log",
        "DIARY_PATH": str(folder / "diary"),
        "FETCH_INTERVAL": "0",
        **more,
    }
    running = Workers(folder, environment)
    try:
        yield running
    finally:
        for worker in running.started:
            worker.kill()
            worker.wait()


async def until(condition: Callable[[], bool | Awaitable[bool]], within: float = PATIENCE) -> None:
    """Wait until it holds. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.05)
