"""Nectar refuses, fails, stalls or talks nonsense: what becomes of the fetch."""

import pytest

from receiver.api import Done
from receiver.journal import refresh
from receiver.journal.store import key
from receiver.simulator import Fault
from tests.integration.bench import Bench, Recorder, bench

pytestmark = pytest.mark.anyio


async def why(running: Bench, connection: str) -> str:
    """What the journal says of a fetch that failed."""
    return str(await running.journal.redis.hget(key("refresh", connection), "reason"))


async def test_a_connection_that_nectar_does_not_know_yet_is_asked_for_some_minutes(redis_url: str) -> None:
    """A webhook can outrun the API."""
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        running.nectar.faults.set(Fault(status=404, times=2))
        await running.happen(connection)
        assert 1 <= await running.journal.delay_of(refresh(connection)) <= 2
        assert "404" in await why(running, connection)
        for _ in range(2):
            await running.pass_time()
        assert len(one.shown) == 1


async def test_promise_2_a_connection_that_nectar_never_knows_is_a_dead_letter_in_the_end(
    redis_url: str,
) -> None:
    async with bench(redis_url, Recorder()) as running:
        connection = running.nectar.add("connected")
        running.nectar.faults.set(Fault(status=404))
        await running.happen(connection)
        waited = 0.0
        while await running.journal.lists(refresh(connection)) == {"due"}:
            waited += await running.journal.delay_of(refresh(connection))
            await running.pass_time()
        assert await running.journal.lists(refresh(connection)) == {"dead"}
        assert 120 < waited < 600, "some minutes"
        assert "404" in await why(running, connection)


@pytest.mark.parametrize("status", [401, 403])
async def test_promise_8_a_refused_key_parks_all_fetches_and_they_go_on_by_themselves(
    redis_url: str, status: int
) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connections = [running.nectar.add("connected") for _ in range(5)]
        running.nectar.faults.set(Fault(status=status))
        for connection in connections:
            await running.journal.accept(connection)
        for _ in range(25):
            await running.pass_time()
        assert one.shown == []
        gauges = await running.journal.gauges.read()
        [breaker] = gauges.breakers
        assert (breaker.name, breaker.parked, gauges.dead) == ("nectar", 5, 0)
        assert "NECTAR_API_KEY" in breaker.reason
        running.nectar.faults.clear()
        await running.pass_time()
        await running.pass_time()
        assert {str(change.connection.id) for change in one.shown} == set(connections)
        assert (await running.journal.gauges.read()).breakers == ()


@pytest.mark.parametrize(
    "fault",
    [Fault(status=500), Fault(status=503), Fault(hang_up="before"), Fault(hang_up="halfway")],
    ids=["500", "503", "hangs up", "hangs up halfway"],
)
async def test_promise_8_while_nectar_is_down_nothing_is_used_up(redis_url: str, fault: Fault) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        running.nectar.faults.set(fault)
        await running.happen(connection)
        for _ in range(25):
            await running.pass_time()
        assert await running.journal.lists(refresh(connection)) == {"parked:nectar"}
        running.nectar.faults.clear()
        await running.pass_time()
        assert len(one.shown) == 1


async def test_promise_8_nectar_s_retry_after_is_kept(redis_url: str) -> None:
    async with bench(redis_url, Recorder()) as running:
        connection = running.nectar.add("connected")
        running.nectar.faults.set(Fault(status=429, retry_after=77))
        await running.happen(connection)
        assert await running.journal.lists(refresh(connection)) == {"parked:nectar"}
        seconds, _ = await running.journal.redis.time()
        until = await running.journal.redis.hget(key("breaker", "nectar"), "until")
        assert 70 < int(until) / 1000 - seconds <= 78


@pytest.mark.parametrize("garbage", ["text", "html"])
async def test_an_answer_that_makes_no_sense_is_asked_for_again_then_kept_as_a_dead_letter(
    redis_url: str, garbage: str
) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        running.nectar.faults.set(Fault.model_validate({"garbage": garbage}))
        await running.happen(connection)
        for _ in range(4):
            assert await running.journal.lists(refresh(connection)) == {"due"}
            await running.pass_time()
        assert await running.journal.lists(refresh(connection)) == {"dead"}
        assert "does not fit the schema" in await why(running, connection)
        running.nectar.faults.clear()
        await running.happen(connection)
        assert len(one.shown) == 1


async def test_another_connection_than_was_asked_for_is_not_taken_for_it(redis_url: str) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        running.nectar.connections[connection]["id"] = "00000000-0000-4000-8000-000000000000"
        await running.journal.accept(connection)
        await running.work_off()
        assert one.shown == []
        assert "another connection" in await why(running, connection)


async def test_promise_7_a_message_whose_fetch_died_is_run_again(redis_url: str) -> None:
    one = Recorder("a", Done("T-1"))
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        running.nectar.faults.set(Fault(status=418))
        await running.happen(connection, "msg_same")
        while await running.journal.lists(refresh(connection)) == {"due"}:
            await running.pass_time()
        assert "418" in await why(running, connection)
        running.nectar.faults.clear()
        await running.happen(connection, "msg_same")
        assert len(one.shown) == 1
