"""Whether messages can be taken in now; refusing early is better than losing what was accepted."""

import asyncio

import structlog
from redis.exceptions import RedisError

from receiver.describing import describe
from receiver.journal import Observatory
from receiver.web.problems import Problem

log = structlog.get_logger(__name__)

RETRY_AFTER = 10
"""Seconds that a refused sender is asked to wait."""
LOOK = 2.0
"""Seconds between two looks at Redis's memory."""


class Admission:
    """Watches what stands in the way of taking messages in."""

    def __init__(self, observatory: Observatory, max_memory: float) -> None:
        self._observatory = observatory
        self._max_memory = max_memory
        self._memory_share = 0.0

    def check(self) -> None:
        """Raise Problem when Redis is near its memory limit."""
        if self._memory_share >= self._max_memory:
            raise self.closed(f"Redis's memory is {self._memory_share:.0%} full.")

    def closed(self, why: str) -> Problem:
        """The answer while messages cannot be taken: come again."""
        return Problem(503, why, headers={"Retry-After": str(RETRY_AFTER)})

    def unavailable(self, error: Exception, message: str) -> Problem:
        """The answer when the message of this id could not be written. The log has Redis's own words."""
        log.error("not written", message=message, reason=describe(error))
        return self.closed("The message cannot be kept now: Redis is away, full or read-only.")

    async def watch(self) -> None:
        """Keep looking at Redis's memory, until cancelled."""
        while True:
            try:
                self._memory_share = await self._observatory.memory_share()
            except (RedisError, OSError):
                # Whoever is to be written meanwhile gets Redis's own answer.
                self._memory_share = 0.0
            await asyncio.sleep(LOOK)
