"""The router's worker, and a journal with work for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from receiver.dispatch.snapshots import write_snapshot
from receiver.journal import Fetched, Fetches, Intake, Message, Observatory, Store, Worklist, connect, refresh
from receiver.queue import LINE
from receiver.schema import Connection
from receiver.simulator import catalogue
from tests.benchmarks.messages import TYPE, body, connection_id, message_ids
from tests.benchmarks.processes import PROCFILE, Program, program
from tests.benchmarks.webs import environment

BATCH = 250
NO_LIMIT = 10**9
IDS = message_ids()


@asynccontextmanager
async def journal(redis_url: str) -> AsyncIterator[Store]:
    """The journal while the block runs."""
    store = connect(redis_url, patient=True)
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def running_worker(redis_url: str, **more: str) -> Iterator[Program]:
    """The Procfile's worker while the block runs. It may not have begun yet."""
    with program(PROCFILE["worker"], environment(redis_url, **more)) as started:
        yield started


WORKING = '"working"'
"""What it says when it begins."""


async def accept(
    store: Store, number: int, connections: int, batch: int = BATCH, interval: float = 1.0
) -> None:
    """Take in so many events over so many connections in turn. `interval`: as FETCH_INTERVAL."""
    intake = Intake(store, NO_LIMIT, interval)
    for start in range(0, number, batch):
        places = [place % connections for place in range(start, min(number, start + batch))]
        messages = [Message(next(IDS), TYPE, connection_id(each), body(each)) for each in places]
        await asyncio.gather(*map(intake.accept, messages))


async def fetch(store: Store, connections: int, handlers: tuple[str, ...] = ()) -> None:
    """Settle the fetch that each connection wants, as if it had brought a change for these handlers.

    The bells that rang for them go too: nobody has heard them, and each would now be heard for nothing.
    """
    for start in range(0, connections, BATCH):
        numbers = range(start, min(connections, start + BATCH))
        await asyncio.gather(*(_fetch(store, connection_id(each), handlers) for each in numbers))
    await store.redis.delete(LINE)


async def _fetch(store: Store, connection: str, handlers: tuple[str, ...]) -> None:
    fetches = Fetches(store)
    found = Connection.model_validate({**catalogue.connection("connected"), "id": connection})
    claim = await Worklist(store).begin(refresh(connection), "nectar")
    assert claim is not None
    brought = Fetched(str(found.status), write_snapshot(found), ["status"], handlers, 0.0)
    await fetches.settle(claim, connection, await fetches.known(connection), brought)


async def left(store: Store) -> int:
    """Pieces of work that wait or are in hand."""
    return await Observatory(store).backlog()


async def counted(store: Store) -> dict[str, int]:
    """What the journal has counted."""
    return (await Observatory(store).read()).stats
