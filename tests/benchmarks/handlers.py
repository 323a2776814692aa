"""The handlers of the benchmarks: five that do nothing, and one that tells when it was started.

They are found as those of any installed package are: plugin/ is on the path of the measured worker.
"""

import asyncio
import os
import time
from pathlib import Path

from pydantic import BaseModel

from receiver.api import Change, Context, Done, Outcome, handler


async def nothing(change: Change, ctx: Context[BaseModel]) -> Outcome:
    """Do nothing."""
    return Done()


noop1, noop2, noop3, noop4, noop5 = (handler(f"noop{number}")(nothing) for number in range(1, 6))
NOOPS = ("noop1", "noop2", "noop3", "noop4", "noop5")


class Options(BaseModel):
    """Where to tell it, and how long to take."""

    path: Path
    seconds: float = 0


@handler("told", options=Options, timeout=300)
async def told(change: Change, ctx: Context[Options]) -> Outcome:
    """Write down when it was started (by the clock of all processes), by which, and for whom."""
    line = f"{time.monotonic()} {os.getpid()} {change.connection.id}\n"
    descriptor = os.open(ctx.options.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, line.encode())
    os.close(descriptor)
    await asyncio.sleep(ctx.options.seconds)
    return Done()
