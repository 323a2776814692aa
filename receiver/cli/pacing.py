"""Not all at once: a rate, and a halt while much is waiting already."""

import asyncio
import time
from collections.abc import Awaitable, Callable

LOOK = 0.2
"""Seconds between two looks at the backlog."""


class Pace:
    """Lets one through at a time, at most so many a second, and none while the backlog is too long.

    Whoever has had to wait makes up for nothing afterwards.
    """

    def __init__(
        self,
        rate: float,
        backlog: Callable[[], Awaitable[int]],
        most: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gap = 1 / rate
        self._backlog = backlog
        self._most = most
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    async def turn(self, waiting: Callable[[int], None]) -> None:
        """Return when it is the next one's turn. `waiting` is told of a backlog that is too long, once."""
        told = False
        while (backlog := await self._backlog()) >= self._most:
            if not told:
                waiting(backlog)
            told = True
            await self._sleep(LOOK)
        now = self._clock()
        if self._next > now:
            await self._sleep(self._next - now)
        self._next = max(self._next, now) + self._gap
