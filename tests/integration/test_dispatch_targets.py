"""Promise 8 at a handler's target: refused or down, it burns nothing; what it asks for is kept."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from receiver.journal import deliver
from receiver.journal.store import key
from receiver.policy import MAX_ATTEMPTS
from tests.integration.bench import Recorder, Target, bench, target

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", [401, 403])
async def test_promise_8_a_target_that_refuses_us_parks_its_handler_alone(
    redis_url: str, status: int
) -> None:
    two = Recorder("b")
    async with target() as tool, bench(redis_url, tool.handler(), two) as running:
        tool.status = status
        connections = [running.nectar.add("connected") for _ in range(3)]
        for connection in connections:
            await running.happen(connection)
        for _ in range(2 * MAX_ATTEMPTS):
            await running.pass_time()
        assert len(two.shown) == 3
        gauges = await running.journal.gauges.read()
        [breaker] = gauges.breakers
        assert (breaker.name, breaker.parked, gauges.dead) == ("pager", 3, 0)
        assert breaker.reason == f"POST 127.0.0.1 answered {status}"
        tool.status = 200
        tool.calls.clear()
        await running.pass_time()
        await running.pass_time()
        assert len(tool.calls) == 3
        assert (await running.journal.gauges.read()).breakers == ()


async def test_promise_8_while_refused_one_tries_at_a_time(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, tool.handler()) as running:
        tool.status = 401
        for _ in range(10):
            await running.happen(running.nectar.add("connected"))
        tool.calls.clear()
        await running.pass_time()
        assert len(tool.calls) == 1


async def test_promise_8_a_target_that_is_down_uses_up_no_more_than_it_takes_to_notice(
    redis_url: str,
) -> None:
    async with target() as tool, bench(redis_url, tool.handler()) as running:
        tool.status = 503
        connections = [running.nectar.add("connected") for _ in range(10)]
        for connection in connections:
            await running.happen(connection)
        for _ in range(2 * MAX_ATTEMPTS):
            await running.pass_time()
        gauges = await running.journal.gauges.read()
        assert (gauges.dead, gauges.due) == (0, 0)
        used = [int((await running.kept("pager", each)).get("attempt", 0)) for each in connections]
        assert sum(used) <= 4, "a breaker opens at the fifth failure in a row"
        tool.status = 200
        for _ in range(2):
            await running.pass_time()
        assert (await running.journal.gauges.read()).due == 0
        for connection in connections:
            assert (await running.kept("pager", connection))["outcome"] == "done"


async def test_promise_8_a_target_that_cannot_be_reached_is_down_too(redis_url: str) -> None:
    nobody = Target(url="http://127.0.0.1:1/")
    async with bench(redis_url, nobody.handler()) as running:
        for _ in range(5):
            await running.happen(running.nectar.add("connected"))
        for _ in range(MAX_ATTEMPTS):
            await running.pass_time()
        gauges = await running.journal.gauges.read()
        assert (gauges.dead, gauges.breakers[0].parked) == (0, 5)
        assert "ConnectError" in gauges.breakers[0].reason


async def test_a_target_s_retry_after_in_seconds_is_kept(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, tool.handler()) as running:
        tool.status, tool.headers = 429, {"retry-after": "600"}
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert await running.journal.delay_of(deliver("pager", connection)) == pytest.approx(600, abs=5)


async def test_a_target_s_retry_after_as_a_date_is_kept(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, tool.handler()) as running:
        moment = datetime.now(UTC) + timedelta(minutes=10)
        tool.status, tool.headers = 503, {"retry-after": format_datetime(moment, usegmt=True)}
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert await running.journal.delay_of(deliver("pager", connection)) == pytest.approx(600, abs=5)


async def test_a_target_s_retry_after_is_kept_when_a_newer_state_comes(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, tool.handler()) as running:
        tool.status, tool.headers = 429, {"retry-after": "600"}
        connection = running.nectar.add("connected")
        await running.happen(connection)
        await running.happen(connection, status="PENDING")
        assert tool.calls == ["CONNECTED"]
        assert await running.journal.delay_of(deliver("pager", connection)) == pytest.approx(600, abs=5)
        tool.status = 200
        await running.pass_time()
        assert tool.calls == ["CONNECTED", "PENDING"]


@pytest.mark.parametrize("status", [400, 404, 410, 422])
async def test_what_a_target_will_never_take_is_a_dead_letter_at_once(redis_url: str, status: int) -> None:
    async with target() as tool, bench(redis_url, tool.handler()) as running:
        tool.status = status
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert len(tool.calls) == 1
        assert await running.journal.lists(deliver("pager", connection)) == {"dead"}
        assert (await running.kept("pager", connection))["reason"] == f"POST 127.0.0.1 answered {status}"


async def test_promise_10_the_target_s_token_is_in_no_key_of_redis(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, tool.handler()) as running:
        for tool.status in (200, 401, 422, 500):
            await running.happen(running.nectar.add("connected"))
        assert await running.journal.redis.exists(key("attempts"))
        assert "a-token-of-the-target" not in str(await running.journal.dump())


async def test_no_handler_goes_about_with_the_session_of_another(redis_url: str) -> None:
    """All share one client: a cookie that a target sets is sent to nobody."""
    async with target() as tool, bench(redis_url, tool.handler("a"), tool.handler("b")) as running:
        tool.headers = {"set-cookie": "session=of-somebody"}
        connection = running.nectar.add("connected")
        await running.happen(connection)
        await running.happen(connection, status="PENDING")
        assert len(tool.calls) == 4
        assert tool.cookies == [None] * 4
