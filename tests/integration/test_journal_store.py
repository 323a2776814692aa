"""Transitions of the journal wait for a Redis that will not take them now."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from receiver.journal import Claim, RecordedSteps, Store, connect, deliver, refresh
from receiver.journal.direct import direct_script
from receiver.journal.store import key
from receiver.journal.trips import SCRIPT
from receiver.journal.worklist import NECTAR
from receiver.queue import LINE, line_of
from tests.integration.kit import DONE, ONE, Journal

pytestmark = pytest.mark.anyio

CASES = {
    "a replica": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "without replicas": ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
}


@pytest.mark.parametrize(("refuse", "take"), CASES.values(), ids=CASES.keys())
async def test_promise_8_a_finished_step_is_recorded_once_redis_takes_it_again(
    valkey: Callable[..., Any], refuse: str, take: str
) -> None:
    """It is not run again because its end could not be written down at once."""
    server = valkey(maxmemory_policy="noeviction")
    store = connect(server.connection_url, patient=True)
    journal = Journal(store)
    await journal.fetch("a")
    claim, pending = await journal.taken("a")
    async with Redis.from_url(server.connection_url) as operator:
        await operator.execute_command(*refuse.split())
        recording = asyncio.create_task(RecordedSteps(store, claim, pending).record("mail", 7))
        await asyncio.sleep(1)
        assert not recording.done()
        await operator.execute_command(*take.split())
    await recording
    assert await RecordedSteps(store, claim, pending).recall("mail") == (7,)
    await store.close()


async def test_promise_2_what_is_in_hand_can_be_settled_in_a_full_redis(valkey: Callable[..., Any]) -> None:
    """A script whose first write frees memory is let through, so the backlog can drain."""
    server = valkey(maxmemory_policy="noeviction")
    store = connect(server.connection_url)
    journal = Journal(store)
    await journal.fetch("a")
    taken = await journal.taken("a")
    async with Redis.from_url(server.connection_url) as operator:
        await operator.config_set("maxmemory", "1")
        assert await journal.deliveries.settle(*taken, DONE, took=0.01)
    await store.close()


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "all that is due"])
async def test_promise_2_what_waits_can_be_worked_off_in_a_full_redis(
    valkey: Callable[..., Any], at_once: bool
) -> None:
    server = valkey(maxmemory_policy="noeviction")
    store = connect(server.connection_url)
    journal = Journal(store)
    await journal.accept()

    async def take(work: str, breaker: str, line: str) -> Claim:
        if not at_once:
            claim = await journal.worklist.begin(work, breaker)
        else:
            [(_, claim)] = (await journal.worklist.claim({LINE: 1, line: 1})).taken
        assert claim is not None
        assert claim.work == work
        return claim

    async with Redis.from_url(server.connection_url) as operator:
        await operator.config_set("maxmemory", "1")
        fetch = await take(refresh(ONE), NECTAR, LINE)
        assert await journal.settle_fetch((fetch, await journal.fetches.known(ONE)), "a")
        delivery = await take(deliver("a", ONE), "a", line_of("a"))
        pending = await journal.deliveries.of(delivery)
        assert await journal.deliveries.settle(delivery, pending, DONE, took=0.01)
    await store.close()


async def test_who_answers_a_sender_does_not_wait(valkey: Callable[..., Any]) -> None:
    server = valkey(maxmemory_policy="noeviction")
    store = connect(server.connection_url)
    async with Redis.from_url(server.connection_url) as operator:
        await operator.config_set("maxmemory", "1")
        with pytest.raises(RedisError, match="OOM"):
            await Journal(store).accept()
    await store.close()


async def test_a_connection_that_the_other_side_has_closed_is_opened_anew(store: Store) -> None:
    """As platforms do with those that are idle: nobody who sends a message is told of it."""
    await Journal(store).accept()
    await store.redis.client_kill_filter(_type="normal", skipme=False)
    await Journal(store).accept()
    assert await store.redis.xlen(key("events")) == 2


async def test_a_redis_that_has_forgotten_the_scripts_is_told_them_again(store: Store) -> None:
    await Journal(store).accept()
    await store.redis.script_flush()
    await Journal(store).accept()
    assert await store.redis.xlen(key("events")) == 2


async def test_the_answer_to_a_call_that_was_given_up_is_not_taken_for_the_next_one_s(redis_url: str) -> None:
    """What Redis still has to say to the first must not be read by the second."""
    async with Redis.from_url(redis_url, decode_responses=True) as operator:
        impatient = Store(operator, direct_script(redis_url, SCRIPT, decode_responses=True), longest=0.2)
        first = await Journal(impatient).accept()
        await operator.execute_command("CLIENT PAUSE 500 ALL")
        with pytest.raises(RedisError, match="no answer within"):
            await Journal(impatient).accept()
        await asyncio.sleep(0.5)
        wanted, covered, snapshot = await impatient.run("known", ONE)
        assert wanted >= first.event
        assert (covered, snapshot) == (None, None)
        await impatient.close()
