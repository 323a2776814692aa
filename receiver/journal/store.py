"""Redis, and the journal's scripts on it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Iterable
from importlib.resources import files
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ConnectionError, RedisError, TimeoutError  # noqa: A004 - redis-py's, on purpose

from receiver.queue import POOL, RING, connection

NAMESPACE = "nectar:"
"""What all the journal's keys begin with; ring.lua has it as `N`."""

PATIENCE = 15.0
"""Seconds for which a transition is tried again when Redis is away, read-only or full."""
PAUSE = 0.25


MOST_AT_ONCE = 256
"""Transitions in one call: a script of some milliseconds, in which Redis does nothing else."""

FOR_MANY = """
local function transition(ARGV)
%s
end

local answers, at = {}, 1
while at <= #ARGV do
  local next_at = at + 1 + tonumber(ARGV[at])
  local well, answer = pcall(transition, {unpack(ARGV, at + 1, next_at - 1)})
  if not well and type(answer) ~= 'table' then answer = {err = 'ERR ' .. tostring(answer)} end
  answers[#answers + 1] = answer or false
  at = next_at
end
write_gathered()
return answers
"""
"""Around each script: it is run for each of the calls that wait, whose arguments follow their number."""

Waiting = tuple[tuple[str | bytes | float, ...], asyncio.Future[Any]]


class Store:
    """A connection to the journal. `await store.run("accept", ...)` runs scripts/accept.lua.

    Calls of a script that wait at the same time share one trip to Redis: the cost is redis-py's work for each
    trip, not the way there and back. One trip is under way, and who comes meanwhile is in the next; alone, a
    call waits for nobody.
    """

    def __init__(self, redis: Redis, patience: float = 0) -> None:
        self.redis = redis
        self._patience = patience
        self._waiting: dict[str, list[Waiting]] = {}
        self._trips: dict[str, asyncio.Task[None]] = {}
        journal = files(__package__)
        shared = RING + "".join((journal / part).read_text() for part in ("breaker.lua", "begin.lua"))
        self._scripts = {
            script.name.removesuffix(".lua"): redis.register_script(shared + FOR_MANY % script.read_text())
            for script in (journal / "scripts").iterdir()
            if script.name.endswith(".lua")
        }

    async def run(self, script: str, *arguments: str | bytes | float) -> Any:
        """The script's answer. What it takes and answers is said at its top."""
        give_up = time.monotonic() + self._patience
        while True:
            try:
                return await self._call(script, arguments)
            except RedisError as error:
                if not _may_pass(error) or time.monotonic() >= give_up:
                    raise
            await asyncio.sleep(PAUSE)

    async def _call(self, script: str, arguments: tuple[str | bytes | float, ...]) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(script, []).append((arguments, answer))
        if script not in self._trips:
            self._trips[script] = asyncio.create_task(self._travel(script))
        return await answer

    async def _travel(self, script: str) -> None:
        try:
            while waiting := self._waiting.pop(script, None):
                together, rest = waiting[:MOST_AT_ONCE], waiting[MOST_AT_ONCE:]
                if rest:
                    self._waiting[script] = rest
                await self._call_together(script, together)
        finally:
            del self._trips[script]

    async def _call_together(self, script: str, calls: list[Waiting]) -> None:
        arguments = [part for parts, _ in calls for part in (len(parts), *parts)]
        try:
            answers = await self._scripts[script](args=arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait
            answers = [error] * len(calls)
        for (_, waiting), answer in zip(calls, answers, strict=True):
            if waiting.done():
                continue  # whoever asked has gone meanwhile
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)

    async def fields(self, name: str, *fields: str) -> list[str | None]:
        """Fields of a hash. (redis-py's hints do not say which of its two clients answers.)"""
        return await cast(Awaitable[list[str | None]], self.redis.hmget(name, list(fields)))

    async def members(self, name: str) -> list[str]:
        """The members of a set, sorted."""
        return sorted(await cast(Awaitable[set[str]], self.redis.smembers(name)))

    async def close(self) -> None:
        """Close the connections."""
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
    common = {**connection(redis_url), **POOL}
    if not patient:
        # A sender is waiting, who gives up after fifteen seconds.
        common["socket_timeout"] = 4
    pool = BlockingConnectionPool.from_url(redis_url, **text, **common)
    return Store(Redis.from_pool(pool), PATIENCE if patient else 0)


def key(*parts: str) -> str:
    """The key of these parts: key("connection", id)."""
    return NAMESPACE + ":".join(parts)


compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
"""JSON without blanks. (`json.dumps` makes an encoder at each call.)"""


def pairs(flat: Iterable[str]) -> dict[str, str]:
    """A dict of a flat list of names and values, as Redis answers some commands within scripts."""
    items = iter(flat)
    return dict(zip(items, items, strict=True))
