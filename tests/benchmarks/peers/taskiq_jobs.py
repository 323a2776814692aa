"""taskiq on a Redis stream: the same jobs. As a program it enqueues so many."""

import asyncio
import os
import sys
from importlib import import_module
from typing import Any

taskiq_redis: Any = import_module("taskiq_redis")
"""Not there where the benchmarks' own packages are not installed."""
broker = taskiq_redis.RedisStreamBroker(url=os.environ["REDIS_URL"])


async def _nothing() -> None:
    """Do nothing."""


nothing = broker.task(task_name="nothing")(_nothing)


async def fill(number: int) -> None:
    """Enqueue so many jobs."""
    await broker.startup()
    for start in range(0, number, 50):
        await asyncio.gather(*(nothing.kiq() for _ in range(start, min(number, start + 50))))
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(fill(int(sys.argv[1])))
