"""Ending asyncio tasks."""

import asyncio
from typing import Any


async def cancel(*tasks: asyncio.Task[Any] | None) -> None:
    """End these tasks, and wait until they have ended.

    Before Python 3.12 `asyncio.wait_for`, by which redis-py sends, may swallow a cancellation
    (https://github.com/python/cpython/issues/86296): then they are cancelled once more.
    """
    left = {task for task in tasks if task is not None and not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=3)
