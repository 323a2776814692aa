"""Forgetting what is old, and never what is not finished."""

import json
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from receiver.journal import NECTAR, Deliveries, Ended, Intake, Keep, Message, Retention, Store, Worklist
from receiver.journal.fetches import Fetched, Fetches
from receiver.journal.worklist import Setback, Subject, deliver, refresh

pytestmark = pytest.mark.anyio

LONG_AGO = "1000000000000"
"""September 2001, as a stream's time."""
NOW = Keep(days=1, dead_days=1)


async def old_event(redis: Redis, connection: str) -> str:
    """An event that was accepted long ago."""
    fields = {"message": "msg_old", "type": "x", "connection": connection, "payload": "{}", "flags": ""}
    return str(await redis.xadd("nectar:events", fields, id=f"{LONG_AGO}-*"))  # type: ignore[arg-type]  # str is a field


async def many_old_events(redis: Redis, number: int) -> None:
    for _ in range(number):
        await old_event(redis, "somebody's")


async def accept(store: Store, connection: str) -> str:
    message = Message(f"msg_{uuid4().hex}", "connection.updated.v2", connection, b"{}")
    receipt = await Intake(store, 1000).accept(message)
    return receipt.event


async def test_old_events_and_attempts_are_forgotten_and_new_ones_kept(store: Store, redis: Redis) -> None:
    await many_old_events(redis, 300)
    fresh = await accept(store, str(uuid4()))
    pruned = await Retention(store, NOW).prune()
    assert pruned.events >= 200, "whole nodes of the stream are dropped"
    assert [entry for entry, _ in await redis.xrange("nectar:events", min=fresh)] == [fresh]


async def test_an_old_event_that_waits_for_its_fetch_is_kept(store: Store, redis: Redis) -> None:
    """However old it is, and however many there are beyond the number to keep."""
    connection = str(uuid4())
    mark = await old_event(redis, connection)
    await redis.rpush("nectar:inbox:" + connection, f"{mark} {json.dumps(['msg_old', 'x'])}")  # type: ignore[misc]  # redis-py's hints
    await redis.zadd("nectar:due", {refresh(connection): 1})
    await many_old_events(redis, 300)
    pruned = await Retention(store, Keep(days=1, most_events=1)).prune()
    assert pruned.events == 0
    assert await redis.xlen("nectar:events") == 301


async def test_beyond_their_number_the_oldest_events_go(store: Store, redis: Redis) -> None:
    await many_old_events(redis, 1200)
    await Retention(store, Keep(days=100_000, most_events=500)).prune()
    assert 500 <= await redis.xlen("nectar:events") < 1100


async def test_an_event_whose_delivery_is_not_finished_is_kept(store: Store, redis: Redis) -> None:
    """A handler that was never done with the connection still needs what led to its first change."""
    connection = str(uuid4())
    mark = await accept(store, connection)
    await _fetch(store, connection)
    for _ in range(300):
        await redis.xadd("nectar:events", {"connection": "somebody's"})
    at_once = Retention(store, Keep(days=1e-9))

    await at_once.prune()
    assert await redis.xrange("nectar:events", mark, mark)

    await _deliver(store, connection)
    await at_once.prune()
    assert not await redis.xrange("nectar:events", mark, mark)


async def test_dead_letters_and_the_quarantine_are_forgotten_after_their_own_time(
    store: Store, redis: Redis
) -> None:
    connection = str(uuid4())
    mark = await accept(store, connection)
    worklist = Worklist(store)
    claim = await worklist.begin(refresh(connection), NECTAR)
    assert claim
    await worklist.fail(claim, Setback("reject", "no such connection"), Subject(upto=mark))
    await Intake(store, 1000).quarantine("msg_bad", b"{}", [])
    kept = await Retention(store, NOW).prune()
    assert (kept.dead, kept.quarantined) == (0, 0)

    await redis.zadd("nectar:dead", {refresh(connection): 1})
    await redis.zadd("nectar:quarantine", {"msg_bad": 1})
    gone = await Retention(store, NOW).prune()
    assert (gone.dead, gone.quarantined) == (1, 1)
    assert not await redis.exists("nectar:dead:" + connection, "nectar:quarantined:msg_bad")


async def test_of_what_happened_the_newest_hundred_thousand_attempts_are_kept(
    store: Store, redis: Redis
) -> None:
    """Whole nodes of the stream are dropped, so a few more."""
    async with redis.pipeline(transaction=False) as pipe:
        for _ in range(100_500):
            pipe.xadd("nectar:attempts", {"work": "long ago"})
        await pipe.execute()
    connection = str(uuid4())
    await accept(store, connection)
    await _fetch(store, connection)
    assert 100_000 <= await redis.xlen("nectar:attempts") <= 100_100
    [(_, newest)] = await redis.xrevrange("nectar:attempts", count=1)
    assert (newest["work"], newest["attempt"]) == (refresh(connection), "1")


async def test_of_several_workers_one_prunes_in_an_hour(store: Store) -> None:
    assert await Retention(store, NOW).prune_in_turn() is not None
    assert await Retention(store, NOW).prune_in_turn() is None


async def _fetch(store: Store, connection: str) -> None:
    claim = await Worklist(store).begin(refresh(connection), NECTAR)
    assert claim
    fetches = Fetches(store)
    known = await fetches.known(connection)
    await fetches.settle(claim, connection, known, Fetched("CONNECTED", "{}", ["status"], ["log"], 0))


async def _deliver(store: Store, connection: str) -> None:
    claim = await Worklist(store).begin(deliver("log", connection), "log")
    assert claim
    deliveries = Deliveries(store)
    pending = await deliveries.pending("log", connection)
    await deliveries.settle(claim, pending, Ended("done", "", "CONNECTED"), 0)
