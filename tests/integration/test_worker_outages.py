"""A worker whose event loop is blocked, or whose Redis goes away, loses nothing and does nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from receiver.journal import connect
from receiver.journal.store import key
from receiver.simulator import Simulator
from tests.integration.kit import Journal
from tests.integration.processes import until, workers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def nectar() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


async def idle(journal: Journal) -> bool:
    return not await journal.redis.zcard(key("due"))


async def test_promise_6_a_handler_that_blocks_the_event_loop_does_not_lose_its_lease(
    tmp_path: Path, redis_url: str, nectar: Simulator
) -> None:
    """Twelve seconds, longer than a lease; another worker stands by."""
    with workers(tmp_path, redis_url, nectar.base_url, DIARY_BLOCKS="12") as fleet:
        journal = Journal(store := connect(redis_url))
        fleet.start()
        await journal.accept(nectar.add("connected"))
        await until(lambda: bool(fleet.diary("begins")))
        fleet.start()
        await until(lambda: bool(fleet.diary("ends")))
        await until(lambda: idle(journal))
        assert len(fleet.diary("begins")) == 1
        await store.close()


async def test_promise_2_a_worker_survives_a_restart_of_redis_and_goes_on(
    tmp_path: Path, valkey: Callable[..., Any], nectar: Simulator
) -> None:
    server = valkey()
    with workers(tmp_path, server.connection_url, nectar.base_url) as fleet:
        journal = Journal(store := connect(server.connection_url))
        worker = fleet.start()
        await journal.accept(nectar.add("connected"))
        await until(lambda: len(fleet.diary("ends")) == 1)

        await asyncio.to_thread(server.stop)
        await until(lambda: "redis is away" in fleet.log())
        await asyncio.to_thread(server.start)

        await until(lambda: accepted(journal, nectar.add("connected")))
        await until(lambda: len(fleet.diary("ends")) == 2)
        assert worker.poll() is None
        assert await fleet.stop(worker) == 0
        await store.close()


async def test_promise_2_a_worker_waits_for_a_redis_that_is_not_there_yet(
    tmp_path: Path, valkey: Callable[..., Any], nectar: Simulator
) -> None:
    server = valkey()
    url = server.connection_url
    await asyncio.to_thread(server.stop)
    with workers(tmp_path, url, nectar.base_url) as fleet:
        worker = fleet.start()
        await until(lambda: "redis is away" in fleet.log())
        await asyncio.to_thread(server.start)
        journal = Journal(store := connect(url))
        await until(lambda: accepted(journal, nectar.add("connected")))
        await until(lambda: len(fleet.diary("ends")) == 1)
        await asyncio.to_thread(server.stop)
        assert await fleet.stop(worker) == 0, "it can be stopped without Redis"
        await store.close()


async def test_what_ended_while_redis_was_away_is_settled_when_it_is_back(
    tmp_path: Path, valkey: Callable[..., Any], nectar: Simulator
) -> None:
    server = valkey()
    with workers(tmp_path, server.connection_url, nectar.base_url, DIARY_SLEEPS="2") as fleet:
        journal = Journal(store := connect(server.connection_url))
        fleet.start()
        connections = [nectar.add("connected") for _ in range(5)]
        for connection in connections:
            await journal.accept(connection)
        await until(lambda: len(fleet.diary("begins")) == 5)
        await asyncio.to_thread(server.terminate)
        await until(lambda: len(fleet.diary("ends")) == 5)
        await asyncio.to_thread(server.start)
        await until(lambda: done(journal, connections))
        await until(lambda: idle(journal))
        assert len(fleet.diary("begins")) == 5, "nothing was run twice"
        await store.close()


async def test_promise_6_an_outage_of_redis_longer_than_a_lease_makes_no_second_hand(
    tmp_path: Path, valkey: Callable[..., Any], nectar: Simulator
) -> None:
    """Leases have run out when Redis is back: whoever still works renews before others look for the dead."""
    server = valkey()
    with workers(tmp_path, server.connection_url, nectar.base_url, DIARY_SLEEPS="22") as fleet:
        journal = Journal(store := connect(server.connection_url))
        for _ in range(3):
            fleet.start()
        await journal.accept(connection := nectar.add("connected"))
        await until(lambda: bool(fleet.diary("begins")))
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(10)
        await asyncio.to_thread(server.start)
        await until(lambda: bool(fleet.diary("ends")))
        await until(lambda: done(journal, [connection]))
        assert len(fleet.diary("begins")) == 1
        await store.close()


async def accepted(journal: Journal, connection: str) -> bool:
    """Take one in, if Redis is there."""
    try:
        await journal.accept(connection)
    except RedisError:
        return False
    return True


async def done(journal: Journal, connections: list[str]) -> bool:
    """Whether the diary has been written for all of these."""
    try:
        ended = [await journal.redis.hget(key("deliver", "diary", each), "outcome") for each in connections]
    except RedisError:
        return False
    return ended == ["done"] * len(connections)
