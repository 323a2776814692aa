"""Redis, and the journal's scripts on it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Iterable
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ConnectionError, RedisError, TimeoutError  # noqa: A004 - redis-py's, on purpose

from receiver.journal.direct import direct_script
from receiver.journal.trips import SCRIPT, Script, Trips
from receiver.queue import POOL, connection

NAMESPACE = "nectar:"
"""What all the journal's keys begin with; ring.lua has it as `N`."""

PATIENCE = 15.0
"""Seconds for which a transition is tried again when Redis is away, read-only or full."""
PAUSE = 0.25
LONGEST_TRIP = 10.0
LONGEST_ANSWERING = 4.0
"""Seconds for Redis to answer; the latter where a sender waits, who gives up after fifteen."""


class Store:
    """A connection to the journal. `await store.run("accept", ...)` runs scripts/accept.lua."""

    def __init__(
        self, redis: Redis, script: Script, *, patience: float = 0, longest: float = LONGEST_TRIP
    ) -> None:
        """`script`: the transitions.

        `patience`: seconds for which one is tried again; `longest`: seconds until no answer is waited for.
        """
        self.redis = redis
        self._script = script
        self._patience = patience
        self._trips = Trips(script, longest)

    async def run(self, script: str, *arguments: str | bytes | float) -> Any:
        """The script's answer. What it takes and answers is said at its top."""
        give_up = time.monotonic() + self._patience
        while True:
            try:
                return await self._trips.call(script, arguments)
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
        await self._script.close()
        await self.redis.aclose()


REFUSALS = ("READONLY", "OOM", "MISCONF", "NOREPLICAS")
"""Of a replica after a failover, without room, with a disk that is full, and without its replicas. By their
words, since redis-py has classes for some and only where they are the whole answer."""


def _may_pass(error: RedisError) -> bool:
    """Whether Redis may take the same again soon."""
    return isinstance(error, ConnectionError | TimeoutError) or any(word in str(error) for word in REFUSALS)


def connect(redis_url: str, *, patient: bool = False) -> Store:
    """A store over a URL as redis-py reads it. Connects when first used.

    `patient`: try transitions again for some seconds when Redis is away, read-only or full. redis-py's own
    retries leave out a connection that is refused. Every script may be sent twice.
    """
    # What a handler returns or raises may hold half a character, and must be kept all the same.
    text: dict[str, Any] = {"decode_responses": True, "encoding_errors": "replace"}
    longest = LONGEST_TRIP if patient else LONGEST_ANSWERING
    common = {**text, **connection(redis_url), "socket_timeout": longest}
    # Trips have one time limit: redis-py's for each read and write take as long as to read and to write. Who
    # finds the line closed calls again: nobody need ask before whether it is still there.
    own = {**common, "socket_timeout": None, "health_check_interval": 0}
    pool = BlockingConnectionPool.from_url(redis_url, **common, **POOL)
    return Store(
        Redis.from_pool(pool),
        direct_script(redis_url, SCRIPT, **own),
        patience=PATIENCE if patient else 0,
        longest=longest,
    )


def key(*parts: str) -> str:
    """The key of these parts: key("connection", id)."""
    return NAMESPACE + ":".join(parts)


compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
"""JSON without blanks. (`json.dumps` makes an encoder at each call.)"""


def pairs(flat: Iterable[str]) -> dict[str, str]:
    """A dict of a flat list of names and values, as Redis answers some commands within scripts."""
    items = iter(flat)
    return dict(zip(items, items, strict=True))
