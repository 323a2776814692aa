"""Time limits of handlers. Of thousands a second hardly one is ever reached."""

import asyncio
from types import TracebackType
from typing import Self

LOOK = 1.0


class TimeLimits:
    """`with limits.of(seconds) as limit:` is `asyncio.timeout`, but that a timer serves many.

    To make one for each delivery, and take it back, costs more than to write down what came of the delivery.
    """

    def __init__(self, look: float = LOOK) -> None:
        """`look`: seconds at most between two looks."""
        self._longest = look
        self._open: set[TimeLimit] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        """When the timer looks, by the event loop's clock."""

    def of(self, seconds: float) -> "TimeLimit":
        """A limit that begins now."""
        return TimeLimit(self, asyncio.get_running_loop().time() + seconds)

    def watch(self, limit: "TimeLimit") -> None:
        """Let it expire when its time has come."""
        self._open.add(limit)
        if self._timer is None or limit.ends < self._next:
            self._look_at(limit.ends)

    def forget(self, limit: "TimeLimit") -> None:
        """It is over."""
        self._open.discard(limit)

    def _look_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._next = min(moment, loop.time() + self._longest)
        self._timer = loop.call_at(self._next, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for limit in [each for each in self._open if each.ends <= now]:
            self._open.discard(limit)
            limit.expire()
        if self._open:
            self._look_at(min(each.ends for each in self._open))


class TimeLimit:
    """One of them. What is under way when it is reached is cancelled, and a TimeoutError."""

    __slots__ = ("_cancelling", "_limits", "_task", "ends", "expired")

    def __init__(self, limits: TimeLimits, ends: float) -> None:
        self.ends = ends
        """By the event loop's clock."""
        self.expired = False
        self._limits = limits

    def extend(self, seconds: float) -> None:
        """Let it end so much later, unless it has been reached."""
        self.ends += seconds

    def expire(self) -> None:
        """It is reached."""
        self.expired = True
        self._task.cancel()

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._limits.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limits.forget(self)
        # As asyncio.timeout has it: was the task cancelled by somebody else too, it stays so.
        if self.expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
