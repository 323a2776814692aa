"""An arq worker that hears our bells without polling, many at a time, from several lines.

arq's own loop looks at one queue each `poll_delay`, and takes each job by several trips to Redis: some
hundred jobs a second, and half a second until one begins. What our bells call for is kept by the journal, so
they need none of arq's protections (in-progress keys, tries, results): one script takes them off their lines,
together with the work that they announce. Everything else is arq's, unchanged: plain jobs that somebody has
enqueued, cron, abort, defer, retry and the health check run by `Worker._poll_iteration`.

Overrides `main` and `_poll_iteration` of arq 0.28.0; tests/integration/test_queue_listener.py compares.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, cast

import structlog
from arq import Worker
from redis.exceptions import RedisError

from receiver.tasks import cancel

log = structlog.get_logger(__name__)

WAKE = "nectar:wake"
"""The list on which ring.lua leaves a token for whoever waits."""
LONGEST_WAIT = 0.5
"""Seconds between two looks: arq's cron and plain jobs leave no token."""
AT_A_TIME = 32
"""Bells of a line that are taken at once: what comes of them is settled in one trip. Were there as many,
Redis is at the next during their work."""
BLOCK = 5
"""Seconds that Redis holds a waiting call, below the socket's time limit."""


class Taken(Protocol):
    """What one look brings."""

    @property
    def wait(self) -> float | None:
        """Seconds until there is more; None: nothing is known of."""

    @property
    def crowded(self) -> bool:
        """Whether there is more for which there was no room."""

    @property
    def plain(self) -> bool:
        """Whether jobs are due that are no bells."""

    @property
    def taken(self) -> Sequence[tuple[str, Any]]:
        """The lines, and what was taken from each."""


class Listener(Worker):
    """`take` is given how much room there is for each line; `do` does one of what it took."""

    def __init__(
        self,
        *,
        lines: Mapping[str, int],
        take: Callable[[Mapping[str, int]], Awaitable[Taken]],
        do: Callable[[Any, Callable[[], None]], Coroutine[Any, Any, None]],
        **arq: Any,
    ) -> None:
        """`lines`: how much of each is done at a time. `arq`: as arq's own worker takes it.

        `do` is given a claim, and what to call when it is but to be settled: there is room for another then.
        """
        super().__init__(**arq)
        self.works: set[asyncio.Task[None]] = set()
        self._lines = lines
        self._take = take
        self._do = do
        self._busy: Counter[str] = Counter()
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._wait: float | None = None
        self._crowded = False
        self._ahead: asyncio.Future[Taken] | None = None

    async def main(self) -> None:
        """As arq's, but waiting for a token instead of a clock."""
        waking = asyncio.create_task(self._hear_tokens())
        try:
            self.ctx["redis"] = self.pool
            if self.on_startup:
                await self.on_startup(self.ctx)
            while self.allow_pick_jobs or self._ahead:
                self._woken.clear()
                await self._poll_iteration()
                await self._until_there_is_more()
        finally:
            await cancel(waking, self._ahead)

    def stop(self) -> None:
        """Take nothing more. `main` returns when what it is taking just now has begun."""
        self.allow_pick_jobs = False
        self._woken.set()

    async def _poll_iteration(self) -> None:
        ahead, self._ahead = self._ahead, None
        haul = await (ahead or self._take(self._room()))
        self._wait, self._crowded = haul.wait, haul.crowded
        took = Counter(line for line, _ in haul.taken)
        self._busy.update(took)
        if self.allow_pick_jobs and any(took[line] >= AT_A_TIME and self._room()[line] for line in took):
            self._ahead = asyncio.ensure_future(self._take(self._room()))
            # In the first turn it asks for a trip to Redis, in the second that is under way.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        for line, claim in haul.taken:
            self._start(line, claim)
        if haul.plain or self.tasks:
            await super()._poll_iteration()
        else:
            await self.heart_beat()

    def _room(self) -> dict[str, int]:
        return {line: min(most - self._busy[line], AT_A_TIME) for line, most in self._lines.items()}

    def _start(self, line: str, claim: Any) -> None:
        work = asyncio.create_task(self._do(claim, self._look_again))
        self.works.add(work)
        work.add_done_callback(lambda ended: self._end(line, ended))

    def _end(self, line: str, ended: asyncio.Task[None]) -> None:
        self._busy[line] -= 1
        self.works.discard(ended)
        error = None if ended.cancelled() else ended.exception()
        # That Redis is away is one line, said by the next look; anything else is a mistake of ours.
        if error is not None and not isinstance(error, RedisError | OSError):
            log.error("failed", line=line, exc_info=error)
        self._look_again()

    def _look_again(self) -> None:
        if self._crowded:
            self._woken.set()

    async def _until_there_is_more(self) -> None:
        if self._ahead:
            return
        if not (self._crowded and self.works):
            self._idle.set()
        wait = LONGEST_WAIT if self._wait is None else min(self._wait, LONGEST_WAIT)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._woken.wait()

    async def _hear_tokens(self) -> None:
        while True:
            # Who has its hands full looks again when something ends; to ask for tokens costs as much as work.
            await self._idle.wait()
            self._idle.clear()
            began = time.monotonic()
            with suppress(RedisError, OSError):
                if await cast(Awaitable[Any], self.pool.blpop([WAKE], timeout=BLOCK)):
                    self._woken.set()
                    continue
            # Redis is away: the next look will say so.
            await asyncio.sleep(max(0.0, began + LONGEST_WAIT - time.monotonic()))
