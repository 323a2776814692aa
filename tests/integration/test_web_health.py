"""What the web process tells of itself: alive, ready, and in numbers."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from receiver.journal import Observatory, connect
from receiver.web.counting import Counting
from tests.integration.webhooks import SECRET, Router, come_again, payload, problem, running, until

pytestmark = pytest.mark.anyio

Valkey = Callable[..., Any]
Numbers = dict[tuple[str, ...], float]


async def checks(router: Router) -> dict[str, str]:
    """The parts that are not well, by what they say; a router that is ready has none."""
    answer = await router.get("/readyz")
    body = answer.json()
    wrong = {part: said for part, said in body["checks"].items() if said != "ok"}
    assert (answer.status_code, body["status"]) == ((503, "not ready") if wrong else (200, "ready"))
    return wrong


async def numbers(router: Router) -> Numbers:
    """All that /metrics says: by name and the values of the labels."""
    answer = await router.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation for family in families)
    assert all(family.name.startswith("nectar_router_") for family in families)
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


async def test_healthz_says_that_the_process_is_alive_with_or_without_redis(router: Router) -> None:
    async with running("redis://127.0.0.1:1") as alone:
        for process in (router, alone):
            answer = await process.get("/healthz")
            assert (answer.status_code, answer.text) == (200, "alive\n")


async def test_readyz_is_green_when_a_message_can_be_taken_and_kept(router: Router) -> None:
    answer = await router.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"webhook_secret": "ok", "redis": "ok", "memory": "ok", "backlog": "ok"},
        "workers": 0,
        "breakers": [],
    }


async def test_readyz_names_a_webhook_secret_that_is_missing(redis_url: str) -> None:
    async with running(redis_url, nectar_webhook_secret="") as router:
        assert await checks(router) == {"webhook_secret": "NECTAR_WEBHOOK_SECRET is not set"}
    async with running(redis_url, nectar_webhook_secret="", allow_unsigned=True) as router:
        assert await checks(router) == {}


async def test_readyz_names_a_redis_that_is_away_and_turns_green_when_it_is_back(valkey: Valkey) -> None:
    server = valkey()
    async with running(server.connection_url) as router:
        assert await checks(router) == {}
        server.terminate()
        wrong = await checks(router)
        assert list(wrong) == ["redis"]
        assert wrong["redis"].startswith("ConnectionError")
        server.start()
        assert await checks(router) == {}


async def test_readyz_names_a_redis_that_is_read_only(valkey: Valkey) -> None:
    server = valkey()
    async with running(server.connection_url) as router, Redis.from_url(server.connection_url) as redis:
        await redis.replicaof("127.0.0.1", 1)
        wrong = await checks(router)
        assert list(wrong) == ["redis"]
        assert "read only replica" in wrong["redis"]


async def test_readyz_names_a_redis_that_is_full(valkey: Valkey) -> None:
    server = valkey(maxmemory_policy="noeviction")
    async with running(server.connection_url) as router, Redis.from_url(server.connection_url) as redis:
        await redis.config_set("maxmemory", 1)
        wrong = await checks(router)
        assert list(wrong) == ["redis"]
        assert "maxmemory" in wrong["redis"]


@pytest.mark.parametrize(("share", "red"), [(0.5, False), (0.76, True), (0.9, True)])
async def test_readyz_is_red_before_memory_is_used_up_and_says_how_much_is(
    valkey: Valkey, share: float, red: bool
) -> None:
    server = valkey(maxmemory_policy="noeviction")
    async with (
        running(server.connection_url, max_memory=0.8) as router,
        Redis.from_url(server.connection_url) as redis,
    ):
        # So much that what the server needs for itself is no matter.
        await redis.setrange("ballast", 30_000_000, "x")
        used = int((await redis.info("memory"))["used_memory"])
        await redis.config_set("maxmemory", int(used / share))
        wrong = await checks(router)
    assert list(wrong) == ["memory"] * red
    if red:
        said = re.fullmatch(
            r"([\d.]+)% of maxmemory is used, from 80\.0% on webhooks are refused \(MAX_MEMORY\)",
            wrong["memory"],
        )
        assert said
        assert float(said[1]) == pytest.approx(share * 100, abs=3)


async def test_readyz_is_red_before_the_backlog_is_too_long_and_messages_are_still_taken(
    redis_url: str, redis: Redis
) -> None:
    async with running(redis_url, max_backlog=20) as router:
        await redis.zadd("nectar:due", {f"refresh:{number}": number for number in range(17)})
        assert await checks(router) == {}
        for number in (18, 19, 20):
            said = f"{number} pieces of work wait, from 20 on webhooks are refused (MAX_BACKLOG)"
            connection = f"0b0d7c1e-6a0f-4a52-9a3c-{number:012d}"
            assert (await router.post(payload(id=connection))).status_code == 202
            assert await checks(router) == {"backlog": said}
        come_again(await router.post(payload()))


async def test_readyz_of_a_backlog_of_one_is_red_at_one(redis_url: str) -> None:
    async with running(redis_url, max_backlog=1) as router:
        assert await checks(router) == {}
        await router.post(payload())
        assert list(await checks(router)) == ["backlog"]


async def test_promise_8_readyz_says_which_other_side_is_in_trouble_and_stays_green(
    router: Router, redis: Redis
) -> None:
    breaker = {"since": "1700000000000", "until": "1", "reason": "401 for owner@acme.example at /p/i/abc"}
    await redis.sadd("nectar:breakers", "pager")  # type: ignore[misc]  # redis-py's hints
    await redis.hset("nectar:breaker:pager", mapping=breaker)  # type: ignore[misc]  # redis-py's hints
    await redis.zadd("nectar:parked:pager", {"deliver:pager:1": 1})
    assert await checks(router) == {}
    assert (await router.get("/readyz")).json()["breakers"] == [
        {
            "name": "pager",
            "reason": "401 for o***@acme.example at /p/i/[redacted]",
            "since": 1700000000.0,
            "parked": 1,
        }
    ]
    assert (await numbers(router))["nectar_router_parked", "pager"] == 1


async def test_metrics_count_messages_by_what_became_of_them(redis_url: str) -> None:
    async with running(redis_url, max_backlog=1) as router:
        for message in ("msg_1", "msg_1", "msg_2"):
            await router.post(payload(), message)
        await router.post({"eventType": "document.created.v2"})
        await router.post({"id": 1})

        async def read() -> Numbers:
            return await numbers(router)

        # What never reaches the journal's scripts is written down once a second.
        said = await until(lambda said: ("nectar_router_refused_total", "422") in said, read)
    assert {
        labels[0]: value
        for name, *labels in said
        if name == "nectar_router_messages_total"
        for value in [said[name, *labels]]
    } == {
        "accepted": 1,
        "duplicate": 1,
        "overloaded": 1,
        "ignored": 1,
        "quarantined": 1,
    }
    assert (said["nectar_router_events",], said["nectar_router_due",]) == (1, 1)
    assert said["nectar_router_quarantined",] == 1


async def test_metrics_count_what_is_refused_and_values_that_are_unknown(redis_url: str) -> None:
    async with running(redis_url) as router:
        odd = payload(status="ON_FIRE", country="ZZ", initialDatasourceTypes=["STEAM", "GAS", "PEAT"])
        await router.post(odd)
        await router.post(payload(status="ON_FIRE"))
        await router.post(payload(), content_type="text/plain")
        for _ in range(3):
            await router.post(payload(), svix_signature="v1,x")
    async with running(redis_url) as router:  # what one process counted, another tells
        said = await numbers(router)
    assert said["nectar_router_unknown_values_total", "status"] == 2
    assert said["nectar_router_unknown_values_total", "country"] == 1
    assert said["nectar_router_unknown_values_total", "datasourceTypes"] == 2
    assert said["nectar_router_refused_total", "401"] == 3
    assert said["nectar_router_refused_total", "415"] == 1


async def test_metrics_are_of_all_processes_together(redis_url: str) -> None:
    async with running(redis_url) as one, running(redis_url) as other:
        await asyncio.gather(*(process.post(payload()) for process in (one, other) for _ in range(5)))
        for process in (one, other):
            assert (await numbers(process))["nectar_router_messages_total", "accepted"] == 10


async def test_metrics_tell_fetches_deliveries_and_sweeps_apart(router: Router, redis: Redis) -> None:
    stats = {"fetch:fetched": 3, "fetch:retry": 1, "delivery:jira-cloud:done": 2, "swept": 4}
    await redis.hset("nectar:stats", mapping=stats)  # type: ignore[misc]  # redis-py's hints
    said = await numbers(router)
    assert said["nectar_router_fetches_total", "fetched"] == 3
    assert said["nectar_router_fetches_total", "retry"] == 1
    assert said["nectar_router_deliveries_total", "jira-cloud", "done"] == 2
    assert said["nectar_router_swept_total",] == 4
    assert ("nectar_router_messages_total", "swept") not in said


async def test_counts_are_kept_while_redis_is_away_and_written_when_it_is_back(valkey: Valkey) -> None:
    server = valkey()
    store = connect(server.connection_url)
    counting = Counting(Observatory(store))
    for _ in range(2):
        counting.add("refused:503", 2)
        server.terminate()
        await counting.flush()
        server.start()
    await counting.flush()
    await counting.flush()
    assert await store.redis.hget("nectar:stats", "refused:503") == "4"  # type: ignore[misc]  # redis-py's hints
    await store.close()


async def test_without_redis_metrics_are_a_problem_document() -> None:
    async with running("redis://127.0.0.1:1") as router:
        problem(await router.get("/metrics"), 503)


async def test_promise_10_neither_readyz_nor_metrics_hold_a_secret(valkey: Valkey) -> None:
    server = valkey()
    async with Redis.from_url(server.connection_url) as redis:
        await redis.config_set("requirepass", "pass-of-redis")
    url = server.connection_url.replace("://", "://:pass-of-redis@")
    wrong = server.connection_url.replace("://", "://:wrong-for-redis@")
    for redis_url in (url, wrong):
        async with running(redis_url, nectar_api_key="key-of-nectar") as router:
            await router.post(payload(connectionMagicLinkSecret="hush-hush"))
            said = (await router.get("/readyz")).text + (await router.get("/metrics")).text
            for secret in ("pass-of-redis", "wrong-for-redis", "key-of-nectar", SECRET, "hush-hush"):
                assert secret not in said
