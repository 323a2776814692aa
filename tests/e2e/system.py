"""The whole system as it is deployed: the Procfile's programs as processes, over sockets."""

import asyncio
import base64
import os
import shlex
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from receiver.journal import Gauges, Observatory, Store, connect
from receiver.simulator import Inbox, Simulator
from tests.valkey import running_valkey

ROOT = Path(__file__).parents[2]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
KEY = b"a key of twenty-four byte"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PATIENCE = 60
"""Seconds before a wait is given up: for a busy machine, not a measure."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def process(command: str, environment: Mapping[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the Procfile while the block runs. What it prints goes to `output`."""
    arguments = shlex.split(command)
    with output.open("ab") as log:
        started = subprocess.Popen(arguments, env=dict(environment), stdout=log, stderr=subprocess.STDOUT)
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(30)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


@dataclass
class System:
    """A running system, and what is around it."""

    web_url: str
    store: Store
    nectar: Simulator
    inbox: Inbox
    environment: dict[str, str]
    output: Path

    @property
    def webhook_url(self) -> str:
        """Where Nectar posts to."""
        return f"{self.web_url}/webhooks/nectar"

    async def gauges(self) -> Gauges:
        """The journal in numbers."""
        return await Observatory(self.store).read()

    async def idle(self) -> Gauges:
        """Wait until no work is left; how it stands then."""
        async with asyncio.timeout(PATIENCE):
            # Gauges are not of one moment: what a breaker lets go between two is on neither. So twice.
            while _works(await self.gauges()) or _works(gauges := await self.gauges()):
                await asyncio.sleep(0.1)
        return gauges

    async def attempts(self, prefix: str = "deliver:") -> list[dict[str, Any]]:
        """What happened to work whose name begins so, oldest first."""
        entries = await self.store.redis.xrange("nectar:attempts")
        return [fields for _, fields in entries if fields["work"].startswith(prefix)]


def _works(gauges: Gauges) -> bool:
    return bool(gauges.due) or any(each.parked for each in gauges.breakers)


@asynccontextmanager
async def system(folder: Path, *, workers: int = 1, **more: str) -> AsyncIterator[System]:
    """Redis, a stand-in Nectar, a mail server, and the Procfile's `web` and `worker` on plain variables."""
    async with AsyncExitStack() as stack:
        redis_url = stack.enter_context(running_valkey(folder / "valkey", appendonly="yes"))
        store = connect(redis_url)
        stack.push_async_callback(store.close)
        inbox = await stack.enter_async_context(Inbox())
        nectar = await stack.enter_async_context(Simulator(webhook_keys=[KEY], compress=0.01))
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(port),
            "REDIS_URL": redis_url,
            "NECTAR_API_KEY": "example-api-key",
            "NECTAR_WEBHOOK_SECRET": SECRET,
            "NECTAR_BASE_URL": nectar.base_url,
            "HANDLERS": "email,log",
            "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{inbox.port}",
            "EMAIL_FROM": "Energy team <energy@example.com>",
            **more,
        }
        output = folder / "output"
        stack.enter_context(process(PROCFILE["web"], environment, output))
        for _ in range(workers):
            stack.enter_context(process(PROCFILE["worker"], environment, output))
        running = System(f"http://127.0.0.1:{port}", store, nectar, inbox, environment, output)
        nectar.sender.url = running.webhook_url
        await _ready(running.web_url)
        yield running


async def _ready(web_url: str) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await client.get(f"{web_url}/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
