"""An event loop that does not wait: when nothing is left to do before the next timer, its clock jumps there.

So a handler that sleeps for a minute, or a time-out, costs no time. Where threads are at work it waits for
them as ever. It opens no connections.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from typing_extensions import TypeVarTuple

from receiver.testing.contract.sockets import Guard

ResultT = TypeVar("ResultT")
ArgumentsT = TypeVarTuple("ArgumentsT")


class _Selector(selectors.DefaultSelector):
    """Tells the loop how long it would have waited instead of waiting."""

    may_skip: Callable[[], bool]
    skip: Callable[[float], None]
    busy_since: float | None = None
    """When the loop last began to work; None while it waits."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As any selector's, but for the waiting."""
        self.busy_since = None
        ready = self._select(timeout)
        self.busy_since = time.monotonic()
        return ready

    def _select(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if (ready := super().select(0)) or not self.may_skip():
            return ready or super().select(timeout)
        self.skip(timeout)
        return []


class FastLoop(asyncio.SelectorEventLoop):
    """See above. `guard` is told who tries to connect."""

    def __init__(self, guard: Guard) -> None:
        self._skipped = 0.0
        self._jobs = 0
        self._guard = guard
        self._waiting = _Selector()
        self._waiting.may_skip, self._waiting.skip = self._idle, self._skip
        super().__init__(self._waiting)
        self._own_files = len(self._waiting.get_map())

    def busy_since(self) -> float | None:
        """When the loop last began to work; None while it waits."""
        return self._waiting.busy_since

    def time(self) -> float:
        """Seconds, those included that were not waited for."""
        return super().time() + self._skipped

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*ArgumentsT], ResultT], *args: *ArgumentsT
    ) -> asyncio.Future[ResultT]:
        """As ever; while threads are at work time takes its time."""
        self._jobs += 1
        future = super().run_in_executor(executor, self._guard.guarded(func, *args))
        future.add_done_callback(self._job_done)
        return future

    async def getaddrinfo(self, *args: Any, **more: Any) -> Any:
        """Refused."""
        self._guard.refuse()

    async def create_connection(self, *args: Any, **more: Any) -> Any:
        """Refused."""
        self._guard.refuse()

    async def create_datagram_endpoint(self, *args: Any, **more: Any) -> Any:
        """Refused."""
        self._guard.refuse()

    def _job_done(self, _: object) -> None:
        self._jobs -= 1

    def _skip(self, seconds: float) -> None:
        self._skipped += seconds

    def _idle(self) -> bool:
        return not self._jobs and len(self._waiting.get_map()) <= self._own_files
