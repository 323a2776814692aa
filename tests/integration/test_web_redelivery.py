"""What an acknowledgement means: it is on disk, once, and stays there."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.integration.webhooks import CONNECTION, Router, fields, payload, problem, running, until

pytestmark = pytest.mark.anyio

WORK = f"refresh:{CONNECTION}"


async def messages(redis: Redis) -> list[str]:
    """The ids of the messages behind the events, oldest first."""
    return [event["message"] for _, event in await redis.xrange("nectar:events")]


async def test_promise_1_what_is_acknowledged_is_recorded_with_the_work_it_calls_for(
    router: Router, redis: Redis
) -> None:
    event = (await router.post(payload(), "msg_1")).json()["id"]
    assert (await redis.xrange("nectar:events"))[0][0] == event
    assert (await fields(redis, f"nectar:connection:{CONNECTION}"))["wanted"] == event
    assert await redis.zrange("nectar:due", 0, -1) == [WORK]
    job = (await fields(redis, "nectar:bells"))[WORK]
    assert await redis.zrange("arq:queue", 0, -1) == [job]
    assert json.loads(await redis.get(f"arq:job:{job}"))["a"] == [CONNECTION]


async def test_promise_1_what_is_acknowledged_outlives_a_kill_of_redis_while_messages_come(
    valkey: Callable[..., Any],
) -> None:
    server = valkey()
    acknowledged: list[str] = []

    async def keep_sending(router: Router, lane: int) -> None:
        for number in range(10_000):
            message = f"msg_{lane}_{number}"
            answer = await router.post(payload(), message)
            if answer.status_code != 202:
                problem(answer, 503)
                return
            acknowledged.append(message)

    async with running(server.connection_url) as router:
        async with asyncio.TaskGroup() as lanes:
            for lane in range(8):
                lanes.create_task(keep_sending(router, lane))
            async with asyncio.timeout(30):
                while len(acknowledged) < 100:
                    await asyncio.sleep(0)
            await asyncio.to_thread(server.terminate)
        await asyncio.to_thread(server.start)
        again = [(await router.post(payload(), message)).json() for message in acknowledged]
    assert again == [{"status": "duplicate"}] * len(acknowledged)
    async with Redis.from_url(server.connection_url, decode_responses=True) as redis:
        assert set(acknowledged) <= set(await messages(redis))
        assert await redis.zrange("nectar:due", 0, -1) == [WORK]
        assert await redis.zcard("arq:queue") == 1


async def test_promise_7_a_redelivery_is_acknowledged_and_makes_no_second_event(
    router: Router, redis: Redis
) -> None:
    first = await router.post(payload(), "msg_1")
    again = [await router.post(payload(), "msg_1") for _ in range(3)]
    assert [answer.json() for answer in again] == [{"status": "duplicate"}] * 3
    assert [event for event, _ in await redis.xrange("nectar:events")] == [first.json()["id"]]
    assert await messages(redis) == ["msg_1"]


async def test_promise_7_of_fifty_deliveries_at_once_one_is_accepted(router: Router, redis: Redis) -> None:
    answers = await asyncio.gather(*(router.post(payload(), "msg_1") for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [202]
    assert await messages(redis) == ["msg_1"]
    assert await redis.zcard("arq:queue") == 1


async def test_promise_7_the_deliveries_may_come_to_different_processes(redis_url: str, redis: Redis) -> None:
    async with running(redis_url) as one, running(redis_url) as other:
        posts = [router.post(payload(), f"msg_{number}") for number in range(20) for router in (one, other)]
        answers = await asyncio.gather(*posts)
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [202] * 20
    assert sorted(await messages(redis)) == sorted(f"msg_{number}" for number in range(20))


async def test_promise_7_the_standard_names_carry_the_same_id(router: Router) -> None:
    assert (await router.post(payload(), "msg_1")).status_code == 202
    answer = await router.post(payload(), "msg_1", family="webhook")
    assert answer.json() == {"status": "duplicate"}


async def test_promise_7_the_same_id_with_another_body_is_the_same_message(
    router: Router, redis: Redis
) -> None:
    other = payload(id="5f2c1b7a-0d4e-4f7b-8a69-3c2b1d0e9f88", status="CONNECTED")
    assert (await router.post(payload(), "msg_1")).status_code == 202
    assert (await router.post(other, "msg_1")).json() == {"status": "duplicate"}
    problem(await router.post({"id": 7}, "msg_1"), 422)
    [(_, event)] = await redis.xrange("nectar:events")
    assert json.loads(event["payload"]) == payload()
    assert await redis.zrange("nectar:due", 0, -1) == [WORK]


async def test_promise_7_a_message_whose_fetch_ended_in_the_dead_letters_runs_again(
    router: Router, redis: Redis
) -> None:
    event = (await router.post(payload(), "msg_1")).json()["id"]
    await redis.zrem("nectar:due", WORK)
    await redis.zadd("nectar:dead", {WORK: 1})
    await redis.hset(f"nectar:dead:{CONNECTION}", WORK, f" {event}")  # type: ignore[misc]  # redis-py's hints
    assert (await router.post(payload(), "msg_1")).status_code == 202
    assert await redis.zrange("nectar:due", 0, -1) == [WORK]
    assert await redis.zcard("nectar:dead") == 0


async def test_promise_7_a_message_in_the_quarantine_is_validated_anew(router: Router, redis: Redis) -> None:
    for _ in range(2):
        problem(await router.post(payload(status=["odd"]), "msg_1"), 422)
    assert (await fields(redis, "nectar:quarantined:msg_1"))["times"] == "2"
    assert (await router.post(payload(), "msg_1")).status_code == 202
    assert await redis.zcard("nectar:quarantine") == 0
    assert await fields(redis, "nectar:quarantined:msg_1") == {}
    assert (await router.post(payload(), "msg_1")).json() == {"status": "duplicate"}
    assert await messages(redis) == ["msg_1"]


async def test_a_burst_on_one_connection_asks_for_one_fetch(router: Router, redis: Redis) -> None:
    answers = await asyncio.gather(*(router.post(payload()) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {202}
    assert await redis.xlen("nectar:events") == 40
    assert await redis.zcard("nectar:due") == await redis.zcard("arq:queue") == 1


async def test_after_a_restart_of_redis_the_first_message_is_taken(valkey: Callable[..., Any]) -> None:
    server = valkey()

    def taken(answer: httpx.Response) -> bool:
        return answer.status_code == 202

    async with running(server.connection_url) as router:
        await until(taken, lambda: router.post(payload()))
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        assert taken(await router.post(payload()))
