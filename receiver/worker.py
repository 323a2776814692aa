"""The worker process: arq hears the bells, dispatch does the work.

Fetches have a line of bells of their own and so has each handler, with room for so many each, so that a slow
one holds up no other. arq ends when Redis goes away; this process does not: it starts arq anew until Redis is
back. The sweep runs beside arq and not as one of its cron jobs, since those queue behind all the bells that a
backlog has rung.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import structlog
import uvloop
from arq import func
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from redis.exceptions import RedisError

from receiver.dispatch import Delivering, Dispatcher, Refreshing
from receiver.dispatch.companies import Companies
from receiver.dispatch.contexts import Contexts, wait_for_turn
from receiver.dispatch.links import Links
from receiver.dispatch.refreshing import LONGEST as LONGEST_FETCH
from receiver.dispatch.shadow import Shadow
from receiver.garbage import look_less_for_garbage
from receiver.journal import (
    Deliveries,
    Fetches,
    Keep,
    Leases,
    Rehearsals,
    Retention,
    Worklist,
    connect,
)
from receiver.journal.worklist import LEASE, WORKER_GONE
from receiver.nectar import Nectar
from receiver.queue import LINE, line_of
from receiver.queue.bells import bell_pool, to_json
from receiver.queue.listener import Listener
from receiver.registry import Registry, load_registry
from receiver.settings import Settings, SettingsError, load_settings
from receiver.tasks import cancel
from receiver.telemetry import Redactor, configure_logging
from receiver.transport import make_transport, no_cookies

TO_STOP = 1.0
"""Seconds in which what is being taken in hand is known."""
SWEEP = 1.5
"""Seconds between two sweeps: with the lease that is how long a dead worker's work stays where it is."""
LONGEST_PAUSE = WORKER_GONE / 2
"""Before it sweeps a worker says that it is there; who says nothing for long is taken for gone."""
SWEEPING = 0.05
"""The share of the time that sweeps may take: of a large backlog all is looked up each time."""
PAUSE_WITHOUT_REDIS = 1.0
MARGIN = 15.0
"""Seconds that a job may take beyond what its work may take."""
DAY = 24 * 3600.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def dispatcher(settings: Settings, registry: Registry, redactor: Redactor) -> AsyncIterator[Dispatcher]:
    """A dispatcher with all that it needs, opened and closed."""
    redis_url = settings.redis_dsn
    async with AsyncExitStack() as stack:
        store = connect(redis_url, patient=True)
        stack.push_async_callback(store.close)
        leases = Leases(redis_url)
        leases.start()
        stack.push_async_callback(asyncio.to_thread, leases.stop)
        nectar = await stack.enter_async_context(
            Nectar(
                settings.nectar_base_url,
                settings.nectar_api_key.get_secret_value(),
                max_requests=settings.nectar_max_requests,
            )
        )
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                timeout=httpx.Timeout(10, connect=5),
                event_hooks={"request": [wait_for_turn]},
                # It is shared: no handler is to go about with the session of another.
                cookies=no_cookies(),
                transport=make_transport(),
            )
        )
        thresholds = {name: each.schedule.failures_to_open for name, each in registry.items()}
        worklist = Worklist(store, of_breakers=thresholds)
        links = Links(nectar, settings.reconnect_link, redactor)
        contexts = Contexts(store, leases, links, Companies(store, nectar), http)
        shadow = Shadow(Rehearsals(store), redactor)
        yield Dispatcher(
            Refreshing(worklist, Fetches(store, settings.fetch_interval), leases, nectar, registry, redactor),
            Delivering(worklist, Deliveries(store), leases, registry, contexts, shadow, redactor),
            worklist,
            store,
            Retention(
                store, Keep(settings.retention_days, settings.dead_retention_days, settings.max_events)
            ),
        )


def listener(dispatch: Dispatcher, claims: Worklist, lines: Mapping[str, int], pool: ArqRedis) -> Listener:
    """An arq worker whose functions are the dispatcher's, and who hears the bells of these lines."""

    def job(work: Callable[..., Awaitable[None]]) -> WorkerCoroutine:
        async def run(ctx: dict[Any, Any], *ids: Any, **_: Any) -> None:
            await work(*ids)

        return run

    return Listener(
        lines=lines,
        take=claims.claim,
        do=dispatch.do,
        functions=[
            func(job(dispatch.refresh), name="refresh", timeout=LONGEST_FETCH + MARGIN),
            # Its own limit is the handler's, which a handler that waits for its turn outlasts.
            func(job(dispatch.deliver), name="deliver", timeout=DAY),
            func(job(dispatch.resume), name="resume", timeout=MARGIN),
        ],
        redis_pool=pool,
        queue_name=LINE,
        handle_signals=False,
        # Results would block job ids and fill Redis; what happened is in the journal.
        keep_result=0,
        job_serializer=to_json,
        job_deserializer=json.loads,
        log_results=False,
    )


@asynccontextmanager
async def claiming(settings: Settings) -> AsyncIterator[Worklist]:
    """What bells are claimed from, opened and closed.

    By a connection of its own: Redis is at the next claim while what came of the last is done and settled.
    And not a patient one: that Redis is away is known at once here, and said.
    """
    store = connect(settings.redis_dsn)
    try:
        yield Worklist(store, max_fetches=settings.nectar_max_requests)
    finally:
        await store.close()


class Service:
    """Runs arq over and over until told to stop, and the sweep beside it."""

    def __init__(
        self, settings: Settings, registry: Registry, dispatch: Dispatcher, claims: Worklist
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._dispatch = dispatch
        self._claims = claims
        self._jobs: set[asyncio.Task[Any]] = set()
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stopping` is set, then give what is in hand its time."""
        pool = bell_pool(self._settings.redis_dsn)
        sweeping = asyncio.create_task(self._sweep_until_stopped())
        try:
            while not self.stopping.is_set():
                await self._work(pool)
        finally:
            self.stopping.set()
            await asyncio.gather(sweeping, return_exceptions=True)
            await self._finish_jobs()
            await pool.aclose(close_connection_pool=True)

    async def _work(self, pool: ArqRedis) -> None:
        try:
            await self._hear(pool)
        except (RedisError, OSError) as error:
            log.warning("redis is away", error=type(error).__name__)
            await _within(PAUSE_WITHOUT_REDIS, self.stopping)

    async def _hear(self, pool: ArqRedis) -> None:
        worker = listener(self._dispatch, self._claims, await self._lines(), pool)
        hearing = asyncio.create_task(worker.async_run())
        stopped = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({hearing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        worker.stop()
        await asyncio.wait({hearing}, timeout=TO_STOP)
        error = hearing.exception() if hearing.done() else None
        await cancel(stopped, hearing, worker.main_task)
        # Their jobs go on: they settle what they have in hand when Redis is back, or while we stop.
        jobs = {*worker.tasks.values(), *worker.works}
        for job in jobs:
            # The outage is one line in the log; arq's tracebacks of it, one for each job, are not.
            job.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        self._jobs = {job for job in self._jobs if not job.done()} | jobs
        if error is not None:
            raise error

    async def _lines(self) -> dict[str, int]:
        """The lines, and how many jobs of each are done at a time.

        Also those of handlers that are not enabled any more: what stands there is parked.
        """
        most = self._settings.worker_jobs
        lines = {LINE: most} | {line_of(name): most for name in await self._dispatch.worklist.handlers()}
        for name, each in self._registry.items():
            lines[line_of(name)] = each.schedule.concurrency or most
        return lines

    async def _finish_jobs(self) -> None:
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=self._settings.shutdown_seconds)
            await cancel(*self._jobs)

    async def _sweep_until_stopped(self) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}"
        away = False
        while not self.stopping.is_set():
            pause = SWEEP
            try:
                await self._dispatch.worklist.present(name)
                if away:
                    # Those who still hold work must first have renewed their leases.
                    pause = LEASE / 2
                else:
                    began = time.monotonic()
                    await self._dispatch.sweep()
                    pause = pause_after(time.monotonic() - began)
                away = False
            except (RedisError, OSError) as error:
                away = True
                log.warning("not swept", error=type(error).__name__)
            await _within(pause, self.stopping)


def pause_after(took: float) -> float:
    """Seconds from the end of a sweep that took so long to the next."""
    return min(max(SWEEP, took / SWEEPING), LONGEST_PAUSE)


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for the event, at most so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def serve(settings: Settings, redactor: Redactor) -> None:
    """Work until SIGTERM or SIGINT. Raises SettingsError."""
    registry = load_registry(settings.handlers)
    for each in registry.values():
        redactor.hide_options(each.options)
    async with dispatcher(settings, registry, redactor) as dispatch, claiming(settings) as claims:
        service = Service(settings, registry, dispatch, claims)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, service.stopping.set)
        look_less_for_garbage()
        log.info("working", handlers=list(registry), jobs=settings.worker_jobs)
        await service.run()
    log.info("stopped")


def main() -> None:
    """The worker process."""
    try:
        settings = load_settings()
        redactor = Redactor()
        redactor.hide_options(settings)
        configure_logging(settings.log_format, redactor, settings.log_level)
        uvloop.run(serve(settings, redactor))
    except SettingsError as error:
        sys.exit(f"The worker cannot start:\n{error}")


if __name__ == "__main__":
    main()
