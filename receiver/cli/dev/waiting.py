"""Waiting for what nobody announces, and for the end of what was told to end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

LOOK = 0.03
"""Seconds between two looks."""
INSIST = 0.1
"""Seconds after which a task is told again to end."""


async def until(is_so: Callable[[], Awaitable[bool]], within: float) -> None:
    """Return once it is so. Raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not await is_so():  # noqa: ASYNC110 - it comes about in other processes, which set no Event here
            await asyncio.sleep(LOOK)


async def end(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has ended, whatever it raises then.

    Once is not enough: redis-py sends by `asyncio.wait_for`, which before Python 3.12 can swallow it.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=INSIST)
    if not task.cancelled():
        task.exception()  # has been looked at: no warning about it
