"""Connections a second from accepted to three handlers done, with a GET that takes a millisecond."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from tests.benchmarks import router
from tests.benchmarks.handlers import NOOPS
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import LOOK, PATIENCE, Program, program
from tests.benchmarks.queues import ARQ_QUIET, ARQ_TUNED, HERE, Queue, run
from tests.benchmarks.redis_server import Client, client_of, running_redis
from tests.benchmarks.rows import Goal, Row, Untrue, ratio
from tests.benchmarks.stand_in import StandIn, stand_in_nectar

HANDLERS = NOOPS[:3]
ROUTER, PEER = 400, 100
"""Connections a second, about: a round has as many as take its time."""
GOALS = {ARQ_TUNED: Goal(5)}


async def measure(plan: Plan) -> list[Row]:
    """Over the same made of arq: a job that fetches and enqueues three."""
    ours: list[float] = []
    theirs: dict[Queue, list[float]] = {ARQ_TUNED: [], ARQ_QUIET: []}
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        client = stack.enter_context(client_of(url))
        nectar = stack.enter_context(stand_in_nectar())
        for _ in range(plan.rounds):
            client.flushall()
            # As many as are done in a round, by the round before.
            number = plan.jobs(int(ours[-1]) if ours else ROUTER)
            ours.append((await through_router(url, nectar, number, HANDLERS))[0])
            for queue, rates in theirs.items():
                client.flushall()
                number = plan.jobs(int(rates[-1]) if rates else PEER)
                rates.append(await _arq(queue, url, client, nectar, number))
    return [
        ratio(
            "connections",
            f"connections fetched and shown to 3 handlers, over {queue.name}",
            "/s",
            ours,
            queue.name,
            rates,
            GOALS.get(queue),
        )
        for queue, rates in theirs.items()
    ]


async def through_router(
    url: str, nectar: StandIn, number: int, handlers: tuple[str, ...]
) -> tuple[float, float]:
    """Connections a second, and ms of the worker's CPU for each."""
    async with router.journal(url) as store:
        await router.accept(store, number, number)
        variables = {"HANDLERS": ",".join(handlers), "NECTAR_BASE_URL": nectar.url}
        with router.running_worker(url, **variables) as worker:
            rate, cost = await _emptied(worker, nectar, number, lambda: router.left(store))
        counted = await router.counted(store)
    done = [counted.get(f"delivery:{handler}:done", 0) for handler in handlers]
    if done != [number] * len(handlers):
        raise Untrue(f"{number} connections, {done} deliveries done")
    return rate, cost


async def _arq(queue: Queue, url: str, client: Client, nectar: StandIn, number: int) -> float:
    async def left() -> int:
        return queue.left(client)

    variables = {"REDIS_URL": url, "NECTAR_BASE_URL": nectar.url}
    run(f"python -m {HERE}.arq_jobs fetch {number}", **variables)
    with program(queue.work, variables) as worker:
        rate, _ = await _emptied(worker, nectar, number, left)
    results = sum(1 for _ in client.scan_iter("arq:result:*", count=1000))
    if results != 4 * number:
        raise Untrue(f"{number} connections, {results} jobs done")
    return rate


async def _emptied(
    worker: Program, nectar: StandIn, number: int, left: Callable[[], Awaitable[int]]
) -> tuple[float, float]:
    """Connections a second and ms of CPU for each, from the last look at which none had been asked for until
    none is left."""
    before, began, used = nectar.asked(), time.monotonic(), worker.cpu()
    give_up = began + PATIENCE
    started = False
    while (there := await left()) or not started:
        if not started:
            now = time.monotonic()
            started = nectar.asked() > before
            began, used = (began, used) if started else (now, worker.cpu())
        if worker.process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"{there} left:\n{worker.said()[-2000:]}")
        await asyncio.sleep(LOOK)
    if (asked := nectar.asked() - before) != number:
        raise Untrue(f"{number} connections, {asked} asked for")
    return number / (time.monotonic() - began), (worker.cpu() - used) / number * 1000
