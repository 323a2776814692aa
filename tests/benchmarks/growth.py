"""A journal that grows: how fast it takes messages in, and how soon it tells what is in it."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from receiver.journal import Setback, Store, Subject, Worklist, deliver
from tests.benchmarks import kept, router
from tests.benchmarks.lists import listed
from tests.benchmarks.memory_per_event import delivered
from tests.benchmarks.messages import connection_id
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import MEASURED, REST, keep_on
from tests.benchmarks.redis_server import running_redis
from tests.benchmarks.rows import Row, Untrue

SIZES = (0, 100_000, 1_000_000)
QUICK = (0, 500)
CONNECTIONS = 10_000
DEAD = 100
"""Deliveries that are dead letters; all others are done."""
HANDLER = "noop1"
BATCH = 1000
"""Events that are filled in at a time."""


async def measure(plan: Plan) -> list[Row]:
    """At each size the lists, then rounds of load on this journal and on one that stays empty."""
    rows: list[Row] = []
    with ExitStack() as stack:
        empty, full = (stack.enter_context(running_redis()) for _ in range(2))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        for place, number in enumerate(QUICK if plan.quick else SIZES):
            async with router.journal(full) as store:
                with working_here():
                    if number:
                        await _grow(store, number, first=place == 1)
                    found = await listed(store, (HANDLER,), connection_id(CONNECTIONS // 2), plan)
            # What is accepted by the load comes on top: the figure is of so many events, and then some.
            found.append(await kept.accepting(empty, full, number, plan, folder / "requests"))
            rows += [replace(row, kept=number) for row in found]
    return rows


@contextmanager
def working_here() -> Iterator[None]:
    """This process is what is measured: it has the core to itself, and Redis the other one."""
    keep_on(MEASURED)
    try:
        yield
    finally:
        keep_on(REST)


async def _grow(store: Store, number: int, *, first: bool) -> None:
    """Bring the journal to so many events, and settle what they call for. Raises Untrue.

    `first`: from nothing, with a delivery of each connection.
    """
    if first:
        await store.redis.flushall()
    connections, there = min(number, CONNECTIONS), await store.redis.xlen("nectar:events")
    await router.accept(store, number - there, CONNECTIONS, BATCH, interval=0)
    await router.fetch(store, connections, (HANDLER,) if first else ())
    if first:
        await _deliver(store, connections)
    if (held := await store.redis.xlen("nectar:events")) < number or await router.left(store):
        raise Untrue(f"{number} events, {held} kept, {await router.left(store)} pieces of work left")


async def _deliver(store: Store, connections: int) -> None:
    """Settle a delivery of each connection: the last few are dead letters, the others done."""
    for start in range(0, connections, BATCH):
        numbers = range(start, min(connections, start + BATCH))
        await asyncio.gather(*(_settle(store, each, dead=each >= connections - DEAD) for each in numbers))


async def _settle(store: Store, number: int, *, dead: bool) -> None:
    connection = connection_id(number)
    if not dead:
        await delivered(store, HANDLER, connection)
        return
    worklist = Worklist(store)
    claim = await worklist.begin(deliver(HANDLER, connection), HANDLER)
    assert claim is not None
    await worklist.fail(claim, Setback("reject", "it will never do"), Subject(version=1))
