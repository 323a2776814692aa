"""How much of Redis's memory things take: `python -m tests.benchmarks.memory_per_event`."""

import asyncio

from receiver.journal import Deliveries, Ended, Store, Worklist, deliver
from tests.benchmarks import router
from tests.benchmarks.messages import body, connection_id
from tests.benchmarks.plan import Plan
from tests.benchmarks.redis_server import running_redis
from tests.benchmarks.rows import Goal, Row, absolute

EVENTS, CONNECTIONS = 50_000, 500
FETCHED = 2_000
HANDLERS = ("noop1", "noop2", "noop3")


async def measure(plan: Plan) -> list[Row]:
    """Of an event, of a connection, and of a handler's part in one."""
    per_event = await _per_event(plan.size(EVENTS, 1000), plan.size(CONNECTIONS, 50))
    number = plan.size(FETCHED, 50)
    per_connection = await _per_connection(number, ()) - per_event
    per_delivery = (await _per_connection(number, HANDLERS) - per_connection - per_event) / len(HANDLERS)
    size = len(body(0))
    note = f"{size} bytes become {per_event:.0f}"
    ratio = absolute(
        "memory", "event kept, over its payload", "", [per_event / size], Goal(1.5, at_least=False), note
    )
    return [
        ratio,
        absolute("memory", "connection fetched", "bytes", [per_connection]),
        absolute("memory", "handler's delivery of a connection", "bytes", [per_delivery]),
    ]


async def _per_event(events: int, connections: int) -> float:
    """Bytes. What each connection takes once is not part of it."""
    with running_redis() as url:
        async with router.journal(url) as store:
            await router.accept(store, 2 * connections, connections)
            before = await _used(store)
            await router.accept(store, events, connections)
            return (await _used(store) - before) / events


async def _per_connection(number: int, handlers: tuple[str, ...]) -> float:
    """Bytes of a connection with one event, fetched and shown to these handlers."""
    with running_redis() as url:
        async with router.journal(url) as store:
            await store.redis.ping()
            before = await _used(store)
            await router.accept(store, number, number)
            await router.fetch(store, number, handlers)
            for handler in handlers:
                await asyncio.gather(
                    *(delivered(store, handler, connection_id(each)) for each in range(number))
                )
            return (await _used(store) - before) / number


async def delivered(store: Store, handler: str, connection: str) -> None:
    """Settle a delivery that is due: it is done."""
    deliveries = Deliveries(store)
    claim = await Worklist(store).begin(deliver(handler, connection), handler)
    assert claim is not None
    pending = await deliveries.pending(handler, connection)
    await deliveries.settle(claim, pending, Ended("done", "", "CONNECTED"), took=0.0)


async def _used(store: Store) -> int:
    """Bytes in use."""
    memory = await store.redis.info("memory")
    return int(memory["used_memory"])


if __name__ == "__main__":
    for row in asyncio.run(measure(Plan())):
        print(f"{row.name}: {row.value:.2f} {row.unit} {row.note}")
