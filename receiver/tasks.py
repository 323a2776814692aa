"""Ending asyncio tasks."""

import asyncio
from typing import Any


async def cancel(*tasks: asyncio.Future[Any] | None, insist: float = 3.0) -> None:
    """End these tasks, and wait until they have ended, whatever they raise then.

    Before Python 3.12 `asyncio.wait_for`, by which redis-py sends, may swallow a cancellation
    (https://github.com/python/cpython/issues/86296): they are cancelled again each `insist` seconds.
    """
    ending = {task for task in tasks if task is not None and not task.done()}
    left = ending
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=insist)
    for task in ending:
        if not task.cancelled():
            task.exception()  # has been looked at: no warning about it
