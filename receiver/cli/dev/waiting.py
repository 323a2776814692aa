"""Waiting for what nobody announces."""

import asyncio
from collections.abc import Awaitable, Callable

LOOK = 0.03
"""Seconds between two looks."""


async def until(is_so: Callable[[], Awaitable[bool]], within: float) -> None:
    """Return once it is so. Raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not await is_so():  # noqa: ASYNC110 - it comes about in other processes, which set no Event here
            await asyncio.sleep(LOOK)
