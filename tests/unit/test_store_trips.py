"""Transitions that wait at the same time share one trip to Redis, and each has its own answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from redis import exceptions
from redis.asyncio import Redis

from receiver.journal.store import Store
from receiver.journal.trips import MOST_AT_ONCE

pytestmark = pytest.mark.anyio


class SlowScript:
    """Notes its trips; the first waits until it is let go. Each call is answered with its first argument."""

    def __init__(self) -> None:
        self.trips: list[list[Any]] = []
        self.go = asyncio.Event()
        self.error: exceptions.RedisError | None = None

    async def __call__(self, args: Sequence[Any]) -> list[Any]:
        # Each call is a script's name, the number of its arguments, and here one argument.
        names = list(args[2::3])
        self.trips.append(names)
        await self.go.wait()
        if self.error:
            raise self.error
        return [exceptions.ResponseError("no") if name == "bad" else f"answer to {name}" for name in names]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def client() -> AsyncIterator[Redis]:
    """Not asked: it connects when it is."""
    async with Redis() as client:
        yield client


@pytest.fixture
def redis() -> SlowScript:
    return SlowScript()


@pytest.fixture
def store(client: Redis, redis: SlowScript) -> Store:
    return Store(client, redis)


async def begin(store: Store, *names: str) -> list["asyncio.Task[Any]"]:
    tasks = [asyncio.create_task(store.run("accept", name)) for name in names]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_a_trip_is_under_way_is_in_the_next_one(
    redis: SlowScript, store: Store
) -> None:
    """And each is told its own answer."""
    tasks = [*await begin(store, "first"), *await begin(store, "second", "third")]
    redis.go.set()
    assert await asyncio.gather(*tasks) == ["answer to first", "answer to second", "answer to third"]
    assert redis.trips == [["first"], ["second", "third"]]


async def test_calls_of_different_scripts_share_a_trip(redis: SlowScript, store: Store) -> None:
    tasks = await begin(store, "first")
    tasks += [*await begin(store, "second"), asyncio.create_task(store.run("begin", "third"))]
    redis.go.set()
    assert await asyncio.gather(*tasks) == ["answer to first", "answer to second", "answer to third"]
    assert redis.trips == [["first"], ["second", "third"]]


async def test_a_redis_that_does_not_answer_is_not_waited_for_longer_than_the_limit(
    client: Redis, redis: SlowScript
) -> None:
    store = Store(client, redis, longest=0.05)
    with pytest.raises(exceptions.TimeoutError, match="no answer within"):
        await store.run("accept", "first")


async def test_a_trip_that_fails_fails_for_each_of_its_calls_and_for_no_other(
    redis: SlowScript, store: Store
) -> None:
    failing = await begin(store, "first", "second")
    redis.error = exceptions.ConnectionError("Redis is away")
    redis.go.set()
    errors = await asyncio.gather(*failing, return_exceptions=True)
    assert [type(error) for error in errors] == [exceptions.ConnectionError, exceptions.ConnectionError]
    redis.error = None
    assert await asyncio.gather(*await begin(store, "third")) == ["answer to third"]


async def test_a_call_that_redis_refuses_fails_alone(redis: SlowScript, store: Store) -> None:
    tasks = await begin(store, "good", "bad", "better")
    redis.go.set()
    good, bad, better = await asyncio.gather(*tasks, return_exceptions=True)
    assert (good, better) == ("answer to good", "answer to better")
    assert isinstance(bad, exceptions.ResponseError)


async def test_who_has_gone_meanwhile_disturbs_nobody(redis: SlowScript, store: Store) -> None:
    gone, *rest = [*await begin(store, "first"), *await begin(store, "second")]
    gone.cancel()
    redis.go.set()
    assert await asyncio.gather(*rest) == ["answer to second"]


async def test_a_trip_has_its_limit(redis: SlowScript, store: Store) -> None:
    tasks = await begin(store, *(str(number) for number in range(MOST_AT_ONCE + 10)))
    redis.go.set()
    await asyncio.gather(*tasks)
    assert [len(trip) for trip in redis.trips] == [MOST_AT_ONCE, 10]
