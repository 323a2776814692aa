"""Workers that are killed while they work."""

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from tests.e2e.system import PROCFILE, System, process


class Crew:
    """Workers that can be killed; another comes in each one's place."""

    def __init__(self, running: System) -> None:
        self._running = running
        self._stack = ExitStack()
        self._hands = [self._start() for _ in range(2)]

    def kill_one(self, chance: random.Random) -> None:
        """As the kernel does, without a word."""
        victim = chance.randrange(len(self._hands))
        os.kill(self._hands[victim].pid, signal.SIGKILL)
        self._hands[victim].wait()
        self._hands[victim] = self._start()

    def close(self) -> None:
        """End them all."""
        self._stack.close()

    def _start(self) -> "subprocess.Popen[bytes]":
        running = self._running
        return self._stack.enter_context(process(PROCFILE["worker"], running.environment, running.output))


@asynccontextmanager
async def crew(running: System) -> AsyncIterator[Crew]:
    """Two workers while the block runs."""
    hands = Crew(running)
    try:
        yield hands
    finally:
        await asyncio.to_thread(hands.close)
