"""Deliveries a second of a handler that does nothing, one worker process, over the no-op jobs of queues."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from tests.benchmarks import router
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import LOOK, PATIENCE, Program, program
from tests.benchmarks.queues import ARQ_TUNED, BULLMQ, QUEUES, Queue, node_packages, run
from tests.benchmarks.redis_server import Client, client_of, running_redis
from tests.benchmarks.rows import Goal, Row, Untrue, ratio

GOALS = {ARQ_TUNED: Goal(8), BULLMQ: Goal(1)}
HANDLER = "noop1"
ROUTER = 3000
"""Deliveries a second, about: a round has as many as take its time."""


async def measure(plan: Plan) -> list[Row]:
    """One row for each queue; those that are not installed are named."""
    queues = QUEUES[:1] if plan.quick else QUEUES
    ours: list[float] = []
    missing = {queue: queue.missing for queue in queues}
    theirs: dict[Queue, list[float]] = {queue: [] for queue, why in missing.items() if not why}
    variables: dict[str, str] = {}
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        client = stack.enter_context(client_of(url))
        if BULLMQ in theirs:
            try:
                variables = stack.enter_context(node_packages())
            except RuntimeError as error:
                missing[BULLMQ] = str(error).splitlines()[0].rstrip(":")
                del theirs[BULLMQ]
        for _ in range(plan.rounds):
            client.flushall()
            # As many as are done in a round, by the round before.
            ours.append(await of_router(url, plan.jobs(int(ours[-1]) if ours else ROUTER)))
            for queue, rates in theirs.items():
                client.flushall()
                rates.append(
                    await of_queue(queue, client, plan.jobs(queue.a_second), REDIS_URL=url, **variables)
                )
    return [_row(queue, ours, theirs.get(queue), missing[queue]) for queue in queues]


def _row(queue: Queue, ours: list[float], theirs: list[float] | None, missing: str) -> Row:
    name = f"no-op deliveries, over {queue.name}"
    if theirs is None:
        return Row("deliveries", name, "/s", note=missing, goal=GOALS.get(queue))
    return ratio("deliveries", name, "/s", ours, queue.name, theirs, GOALS.get(queue))


async def of_router(url: str, number: int) -> float:
    """Deliveries a second."""
    async with router.journal(url) as store:
        await router.accept(store, number, number)
        await router.fetch(store, number, (HANDLER,))
        with router.running_worker(url, HANDLERS=HANDLER) as worker:
            rate = await emptied(worker, number, lambda: router.left(store))
        done = (await router.counted(store)).get(f"delivery:{HANDLER}:done", 0)
    if done != number:
        raise Untrue(f"{number} deliveries, {done} done")
    return rate


async def of_queue(queue: Queue, client: Client, number: int, **variables: str) -> float:
    """Jobs a second."""

    async def left() -> int:
        return queue.left(client)

    run(f"{queue.fill} {number}", **variables)
    if (there := queue.left(client)) != number:
        # Of a stream nothing is asked for before there is a worker.
        raise Untrue(f"{queue.name}: {number} jobs, {there} enqueued")
    with program(queue.work, variables) as worker:
        return await emptied(worker, number, left)


async def emptied(worker: Program, number: int, left: Callable[[], Awaitable[int]]) -> float:
    """Pieces of work a second, from the last look at which none was done until none is left."""
    began = time.monotonic()
    give_up = began + PATIENCE
    while there := await left():
        if there >= number:
            began = time.monotonic()
        if worker.process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"{there} of {number} left:\n{worker.said()[-2000:]}")
        await asyncio.sleep(LOOK)
    return number / (time.monotonic() - began)
