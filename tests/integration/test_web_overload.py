"""When messages cannot be taken and kept: 503 with Retry-After, never a 2xx."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.integration.webhooks import (
    Router,
    come_again,
    payload,
    problem,
    running,
    until,
)

pytestmark = pytest.mark.anyio

Valkey = Callable[..., Any]
CANNOT = "The message cannot be kept now: Redis is away, full or read-only."


def taken(answer: httpx.Response) -> bool:
    """Whether the message was accepted."""
    return answer.status_code == 202


def refused(answer: httpx.Response) -> bool:
    """Whether the message was not accepted."""
    return not taken(answer)


@asynccontextmanager
async def configured(server: Any, **config: object) -> AsyncIterator[Redis]:
    """A client of the server, after changing its configuration."""
    async with Redis.from_url(server.connection_url, decode_responses=True) as redis:
        for name, value in config.items():
            await redis.config_set(name.replace("_", "-"), str(value))
        yield redis


async def other_connections(router: Router, number: int) -> list[int]:
    """What messages about so many connections are answered."""
    ids = [f"0b0d7c1e-6a0f-4a52-9a3c-{each:012d}" for each in range(number)]
    return [(await router.post(payload(id=each))).status_code for each in ids]


async def test_without_a_webhook_secret_the_endpoint_is_closed_and_says_so(redis_url: str) -> None:
    async with running(redis_url, nectar_webhook_secret="") as router:
        detail = come_again(await router.post(payload()))["detail"]
        assert detail == "NECTAR_WEBHOOK_SECRET is not set: this endpoint takes no messages."


async def test_promise_1_while_redis_is_away_messages_are_answered_503(valkey: Valkey) -> None:
    server = valkey()
    async with running(server.connection_url) as router:
        assert (await router.post(payload())).status_code == 202
        server.terminate()
        assert come_again(await router.post(payload(), "msg_1"))["detail"] == CANNOT
        come_again(await router.post({"id": "misfit"}))
        server.start()
        assert (await router.post(payload(), "msg_1")).status_code == 202


async def test_promise_1_what_was_never_there_is_away_too() -> None:
    async with running("redis://127.0.0.1:1") as router:
        come_again(await router.post(payload()))
        assert (await router.get("/healthz")).status_code == 200


async def test_promise_1_a_replica_is_not_written_to(valkey: Valkey) -> None:
    server = valkey(replica_read_only="yes", replica_serve_stale_data="yes")
    async with running(server.connection_url) as router, configured(server) as redis:
        assert (await router.post(payload())).status_code == 202
        await redis.replicaof("127.0.0.1", 1)
        assert come_again(await router.post(payload(), "msg_1"))["detail"] == CANNOT
        come_again(await router.post({"id": "misfit"}, "msg_misfit"))
        await redis.replicaof("NO", "ONE")
        assert (await router.post(payload(), "msg_1")).status_code == 202


async def test_promise_1_a_redis_that_is_full_is_not_written_to_by_halves(valkey: Valkey) -> None:
    server = valkey(maxmemory_policy="noeviction")
    async with running(server.connection_url, max_memory=1) as router, configured(server) as redis:
        assert (await router.post(payload(), "msg_0")).status_code == 202
        before = await redis.dbsize()
        await redis.config_set("maxmemory", 1)
        assert come_again(await router.post(payload(), "msg_1"))["detail"]
        come_again(await router.post({"id": "misfit"}, "msg_misfit"))
        await redis.config_set("maxmemory", 0)
        assert await redis.dbsize() == before
        assert await redis.xlen("nectar:events") == 1
        await until(taken, lambda: router.post(payload(), "msg_1"))


async def test_promise_9_past_the_set_backlog_messages_are_refused(redis_url: str, redis: Redis) -> None:
    async with running(redis_url, max_backlog=3) as router:
        assert await other_connections(router, 3) == [202, 202, 202]
        detail = come_again(await router.post(payload(), "msg_1"))["detail"]
        assert detail == "Too much work is waiting."
        assert await redis.xlen("nectar:events") == 3
        await redis.zremrangebyrank("nectar:due", 0, 0)
        assert (await router.post(payload(), "msg_1")).status_code == 202


async def test_promise_9_readyz_is_red_before_messages_are_refused(redis_url: str) -> None:
    async with running(redis_url, max_backlog=10) as router:
        assert await other_connections(router, 8) == [202] * 8
        assert (await router.get("/readyz")).status_code == 200
        assert await other_connections(router, 10) == [202] * 10
        answer = await router.get("/readyz")
        assert answer.status_code == 503
        assert "from 10 on webhooks are refused" in answer.json()["checks"]["backlog"]
        come_again(await router.post(payload()))


async def test_promise_9_what_was_taken_before_is_a_duplicate_even_then(redis_url: str) -> None:
    async with running(redis_url, max_backlog=1) as router:
        assert (await router.post(payload(), "msg_1")).status_code == 202
        assert (await router.post(payload(), "msg_1")).json() == {"status": "duplicate"}
        come_again(await router.post(payload(), "msg_2"))


async def test_promise_9_fetches_parked_while_nectar_is_down_are_backlog(
    redis_url: str, redis: Redis
) -> None:
    await redis.zadd("nectar:parked:nectar", {"refresh:1": 1, "refresh:2": 2})
    async with running(redis_url, max_backlog=3) as router:
        assert await other_connections(router, 2) == [202, 503]


async def test_promise_9_near_redis_s_memory_limit_messages_are_refused(valkey: Valkey) -> None:
    server = valkey(maxmemory="100mb", maxmemory_policy="noeviction")
    async with running(server.connection_url, max_memory=0.5) as router, configured(server) as redis:
        assert (await router.post(payload())).status_code == 202
        used = int((await redis.info("memory"))["used_memory"])
        await redis.config_set("maxmemory", int(used * 1.4))
        answer = await until(refused, lambda: router.post(payload()))
        assert come_again(answer)["detail"].endswith("% full.")
        come_again(await router.post({"id": "misfit"}))
        problem(await router.post(b"{"), 400)
        await redis.config_set("maxmemory", used * 10)
        await until(taken, lambda: router.post(payload()))
