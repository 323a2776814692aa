"""The truth is fetched: when, how often, and what a change is."""

import asyncio

import pytest

from receiver.journal import refresh
from receiver.journal.store import key
from receiver.schema import Connection, Status
from receiver.simulator import Fault
from tests.integration.bench import Bench, Recorder, bench

pytestmark = pytest.mark.anyio


async def outcomes(running: Bench) -> list[str]:
    """How each attempt ended, oldest first."""
    return [fields["outcome"] for _, fields in await running.journal.redis.xrange(key("attempts"))]


async def test_promise_3_a_handler_sees_what_get_answers_and_not_what_the_webhook_said(
    redis_url: str,
) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("password-incorrect")
        await running.journal.accept(connection)
        running.nectar.edit(connection, status="CONNECTED", url="https://new.example")
        await running.work_off()
        [change] = one.shown
        assert change.connection.status is Status.CONNECTED
        assert change.connection.url == "https://new.example"


async def test_promise_3_the_fetch_began_after_the_event_was_accepted(redis_url: str) -> None:
    """One that was under way may have been answered before: there is another."""
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("password-incorrect")
        running.nectar.faults.set(Fault(slow=0.3, times=1))
        await running.journal.accept(connection)
        fetching = asyncio.create_task(running.do(refresh(connection)))
        await running.nectar.requests.wait_for(lambda: running.nectar.requests.in_flight == 1)
        await running.journal.accept(connection, "msg_late")
        await fetching
        await running.work_off()
        assert len(running.nectar.requests.matching("/details")) == 2


async def test_promise_4_one_fetch_serves_all_that_wait_together(redis_url: str) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        for number in range(40):
            await running.journal.accept(connection, f"msg_{number}_waits")
        await running.work_off()
        assert len(running.nectar.requests.matching("/details")) == 1
        [change] = one.shown
        assert [event.id for event in change.events] == [f"msg_{number}_waits" for number in range(40)]


async def test_promise_4_events_during_a_fetch_cost_at_most_one_more(redis_url: str) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        running.nectar.faults.set(Fault(slow=0.3, times=1))
        await running.journal.accept(connection)
        working = asyncio.create_task(running.work_off())
        await running.nectar.requests.wait_for(lambda: running.nectar.requests.in_flight == 1)
        for _ in range(40):
            await running.journal.accept(connection)
        await asyncio.gather(*(running.do(refresh(connection)) for _ in range(5)))
        await working
        assert len(running.nectar.requests.matching("/details")) == 2
        assert running.nectar.requests.max_in_flight == 1, "one at a time per connection"


async def test_at_most_ten_requests_are_made_at_a_time(redis_url: str) -> None:
    async with bench(redis_url, Recorder()) as running:
        for _ in range(40):
            await running.journal.accept(running.nectar.add("connected"))
        running.nectar.faults.set(Fault(slow=0.05))
        await running.work_off()
        assert len(running.nectar.requests.matching("/details")) == 40
        assert running.nectar.requests.max_in_flight == 10


async def test_the_first_fetch_is_a_change_of_everything(redis_url: str) -> None:
    one, picky = Recorder("a"), Recorder("picky", changed={"country"})
    async with bench(redis_url, one, picky) as running:
        await running.journal.accept(running.nectar.add("connected", nextYearsField=7))
        await running.work_off()
        for [change] in (one.shown, picky.shown):
            assert change.previous_status is None
            assert change.version == 1
            assert change.changed >= Connection.model_fields.keys() - {"connection_magic_link_secret"}
            assert "nextYearsField" in change.changed


async def test_when_only_timestamps_moved_nobody_is_told(redis_url: str) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.journal.accept(connection)
        await running.work_off()
        for _ in range(3):
            await running.happen(connection)
        assert len(running.nectar.requests.matching("/details")) == 4
        assert len(one.shown) == 1
        assert await outcomes(running) == ["fetched", "done", "fetched", "fetched", "fetched"]


async def test_a_change_is_shown_to_those_who_asked_for_it(redis_url: str) -> None:
    status, url = Recorder("status", changed={"status"}), Recorder("url", changed={"url"})
    async with bench(redis_url, status, url) as running:
        connection = running.nectar.add("connected")
        await running.journal.accept(connection)
        await running.work_off()
        await running.happen(connection, url="https://new.example")
        assert (len(status.shown), len(url.shown)) == (1, 2)
        assert "url" in url.shown[1].changed


async def test_a_change_of_the_secret_alone_is_no_change(redis_url: str) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.journal.accept(connection)
        await running.work_off()
        await running.happen(connection, connectionMagicLinkSecret="another-secret")
        assert len(one.shown) == 1


async def test_a_status_that_nectar_adds_next_year_flows(redis_url: str) -> None:
    one = Recorder("a", changed={"status"})
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection, status="ON_HOLIDAY")
        await running.happen(connection, status=None)
        assert [(str(each.connection.status), each.connection.status.known) for each in one.shown] == [
            ("ON_HOLIDAY", False),
            ("", False),
        ]
        assert one.shown[1].previous_status == "ON_HOLIDAY"


async def test_promise_7_a_redelivered_message_is_not_run_again(redis_url: str) -> None:
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        for _ in range(3):
            await running.happen(connection, "msg_same", status="CONNECTED")
        assert len(one.shown) == 1
        assert len(running.nectar.requests.matching("/details")) == 1


async def test_calls_for_nothing_do_no_harm(redis_url: str) -> None:
    """Bells come early, late, twice, and after what they rang for is done."""
    one = Recorder()
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        for _ in range(3):
            await running.do(refresh(connection))
            await running.dispatch.deliver("a", connection)
            await running.dispatch.deliver("unheard-of", connection)
            await running.dispatch.resume("a")
            await running.dispatch.sweep()
        assert len(one.shown) == len(running.nectar.requests.matching("/details")) == 1
