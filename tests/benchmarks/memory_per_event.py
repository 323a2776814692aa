"""How much of Redis's memory an event takes: `python -m tests.benchmarks.memory_per_event`."""

import asyncio
import json
import tempfile
from pathlib import Path
from uuid import uuid4

from receiver.journal import Intake, Message, Store, connect
from receiver.simulator import catalogue
from tests.valkey import running_valkey

EVENTS, CONNECTIONS, BATCH = 50_000, 500, 250


async def used(store: Store) -> int:
    """Bytes in use."""
    memory = await store.redis.info("memory")
    return int(memory["used_memory"])


async def accept(store: Store, bodies: dict[str, bytes], number: int) -> None:
    """Accept so many events, over all the connections in turn."""
    intake, connections = Intake(store, max_backlog=10**9), list(bodies)
    for start in range(0, number, BATCH):
        ids = [connections[place % len(connections)] for place in range(start, start + BATCH)]
        await intake.accept(
            [Message(f"msg_{uuid4().hex[:27]}", "connection.updated.v2", each, bodies[each]) for each in ids]
        )


async def measure(redis_url: str) -> None:
    """Print the figure. What each connection takes once is not part of it."""
    ids = [str(uuid4()) for _ in range(CONNECTIONS)]
    bodies = {each: json.dumps({**catalogue.webhook("with-owner"), "id": each}).encode() for each in ids}
    size = sum(map(len, bodies.values())) / len(bodies)
    store = connect(redis_url)
    await accept(store, bodies, 2 * CONNECTIONS)
    before = await used(store)
    await accept(store, bodies, EVENTS)
    each = (await used(store) - before) / EVENTS
    print(f"payload {size:.0f} B, memory per event {each:.0f} B, ratio {each / size:.2f}")
    await store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, running_valkey(Path(folder)) as url:
        asyncio.run(measure(url))
