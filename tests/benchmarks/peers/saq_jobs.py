"""saq: the same jobs. As a program it enqueues so many."""

import asyncio
import os
import sys
from importlib import import_module
from typing import Any

saq: Any = import_module("saq")
"""Not there where the benchmarks' own packages are not installed."""
AT_A_TIME = 100


async def nothing(ctx: dict[str, Any]) -> None:
    """Do nothing."""


queue = saq.Queue.from_url(os.environ["REDIS_URL"])
settings = {"queue": queue, "functions": [nothing], "concurrency": AT_A_TIME}


async def fill(number: int) -> None:
    """Enqueue so many jobs."""
    await queue.connect()
    for start in range(0, number, 50):
        await asyncio.gather(*(queue.enqueue("nothing") for _ in range(start, min(number, start + 50))))
    await queue.disconnect()


if __name__ == "__main__":
    asyncio.run(fill(int(sys.argv[1])))
