"""Redis, and the journal's scripts on it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Iterable
from importlib.resources import files
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - redis-py's own, on purpose
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004 - the same
)

from receiver.queue import POOL, RING, connection

NAMESPACE = "nectar:"
"""What all the journal's keys begin with; ring.lua has it as `N`."""

PATIENCE = 15.0
"""Seconds for which a transition is tried again when Redis is away, read-only or full."""
PAUSE = 0.25


class Store:
    """A connection to the journal. `await store.run("accept", ...)` runs scripts/accept.lua."""

    def __init__(self, redis: Redis, patience: float = 0) -> None:
        self.redis = redis
        self._patience = patience
        journal = files(__package__)
        shared = RING + (journal / "breaker.lua").read_text()
        self._scripts = {
            script.name.removesuffix(".lua"): redis.register_script(shared + script.read_text())
            for script in (journal / "scripts").iterdir()
            if script.name.endswith(".lua")
        }

    async def run(self, script: str, *arguments: str | bytes | float) -> Any:
        """The script's answer. What it takes and answers is said at its top."""
        give_up = time.monotonic() + self._patience
        while True:
            try:
                return await self._scripts[script](args=arguments)
            except RedisError as error:
                if not _may_pass(error) or time.monotonic() >= give_up:
                    raise
            await asyncio.sleep(PAUSE)

    async def fields(self, name: str, *fields: str) -> list[str | None]:
        """Fields of a hash. (redis-py's hints do not say which of its two clients answers.)"""
        return await cast(Awaitable[list[str | None]], self.redis.hmget(name, list(fields)))

    async def members(self, name: str) -> list[str]:
        """The members of a set, sorted."""
        return sorted(await cast(Awaitable[set[str]], self.redis.smembers(name)))

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()


def _may_pass(error: RedisError) -> bool:
    """Whether Redis may take the same again soon: after a restart, a failover, or when there is room."""
    if isinstance(error, ConnectionError | TimeoutError | ReadOnlyError | OutOfMemoryError):
        return True
    # Its disk is full, its replicas are away; and Redis 6 wraps what went wrong within a script.
    words = ("MISCONF", "NOREPLICAS", "-READONLY", "-OOM")
    return isinstance(error, ResponseError) and any(word in str(error) for word in words)


def connect(redis_url: str, *, patient: bool = False) -> Store:
    """A store over a URL as redis-py reads it. Connects when first used.

    `patient`: try transitions again for some seconds when Redis is away, read-only or full. redis-py's own
    retries leave out a connection that is refused. Every script may be sent twice.
    """
    # What a handler returns or raises may hold half a character, and must be kept all the same.
    text: dict[str, Any] = {"decode_responses": True, "encoding_errors": "replace"}
    common = {**connection(redis_url), **POOL}
    if not patient:
        # A sender is waiting, who gives up after fifteen seconds.
        common["socket_timeout"] = 4
    pool = BlockingConnectionPool.from_url(redis_url, **text, **common)
    return Store(Redis.from_pool(pool), PATIENCE if patient else 0)


def key(*parts: str) -> str:
    """The key of these parts: key("connection", id)."""
    return NAMESPACE + ":".join(parts)


def compact(value: object) -> str:
    """JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def pairs(flat: Iterable[str]) -> dict[str, str]:
    """A dict of a flat list of names and values, as Redis answers some commands within scripts."""
    items = iter(flat)
    return dict(zip(items, items, strict=True))
