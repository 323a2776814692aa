"""Real Redis for the tests: one embedded server for the session, and others as a test wants them."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from receiver.journal import Store, connect
from tests.integration.webhooks import Router, running
from tests.valkey import server_on_a_free_port

DURABLE = {"appendonly": "yes", "appendfsync": "always"}
"""Each write is on disk before it is answered."""


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The server that most tests share. Ask for `redis_url`, which empties it."""
    server = server_on_a_free_port(tmp_path_factory.mktemp("valkey"), appendonly="yes")
    with server:
        yield server


@pytest.fixture
async def redis_url(shared_valkey: Any) -> str:
    """Where an empty Redis is."""
    url = str(shared_valkey.connection_url)
    async with Redis.from_url(url) as client:
        await client.flushall()
    return url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator["Redis"]:
    """A client, to look at what lies in that Redis."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """The journal in that Redis."""
    opened = connect(redis_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def shared_router(shared_valkey: Any) -> AsyncIterator[Router]:
    """The web process that a module's tests share. Ask for `router`, which empties its Redis."""
    async with running(shared_valkey.connection_url) as process:
        yield process


@pytest.fixture
def router(redis_url: str, shared_router: Router) -> Router:
    """The web process over that Redis, on a socket."""
    return shared_router


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts a server of the test's own: `valkey(maxmemory="4mb", maxmemory_policy="noeviction")`.

    `server.connection_url` says where it is. After `server.terminate()` (kill -9) or `server.stop()`,
    `server.start()` brings it back on the same port, with all that it had answered.
    """
    started: list[Any] = []

    def start(**config: Any) -> Any:
        named = {name.replace("_", "-"): value for name, value in config.items()}
        server = server_on_a_free_port(tmp_path / f"valkey-{len(started)}", **{**DURABLE, **named})
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.terminate()
