"""Handlers are on their own, and each is shown the newest state, in order."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from receiver.api import Change, Context, Done, Rejected
from receiver.journal import deliver, refresh
from receiver.journal.store import key
from receiver.journal.worklist import LEASE
from receiver.simulator import Fault
from tests.integration.bench import Recorder, bench

pytestmark = pytest.mark.anyio


class Slow:
    """A handler's answer that comes when the test says so."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, change: Change, ctx: Context[Any]) -> Done:
        self.began.set()
        await self.go_on.wait()
        return Done()


async def test_promise_5_a_slow_handler_delays_no_other_handler_and_no_other_connection(
    redis_url: str,
) -> None:
    slow = Slow()
    one, two = Recorder("a", slow), Recorder("b")
    async with bench(redis_url, one, two) as running:
        connection, other = running.nectar.add("connected"), running.nectar.add("connected")
        await running.journal.accept(connection)
        working = asyncio.create_task(running.work_off())
        await slow.began.wait()
        await running.happen(other)
        await running.happen(connection, status="PENDING")
        assert len(two.shown) == 3
        assert one.statuses == ["CONNECTED", "CONNECTED"], "its own, and the other connection"
        slow.go_on.set()
        await working
        await running.work_off()
        assert one.statuses[-1] == "PENDING"
        assert one.overlaps == 0


async def test_promise_5_a_handler_that_always_fails_delays_nobody(redis_url: str) -> None:
    one, two = Recorder("a", *[ValueError()] * 100), Recorder("b")
    async with bench(redis_url, one, two) as running:
        for number in range(5):
            await running.happen(running.nectar.add("connected"), url=f"https://{number}.example")
        assert len(two.shown) == 5
        assert not await running.due()


async def test_promise_6_one_delivery_at_a_time_and_then_the_newest_state(redis_url: str) -> None:
    """Three states passed while it was busy: it is shown the last, and all that changed."""
    slow = Slow()
    one = Recorder("a", slow)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected", country="US")
        await running.journal.accept(connection, "msg_1")
        working = asyncio.create_task(running.work_off())
        await slow.began.wait()
        await running.happen(connection, "msg_2", status="PENDING")
        await running.happen(connection, "msg_3", status="PASSWORD_INCORRECT", url="https://x.example")
        await running.happen(connection, "msg_4", status="WEBSITE_DOWN", country="DE")
        slow.go_on.set()
        await working
        await running.work_off()
        first, newest = one.shown
        assert (first.version, newest.version) == (1, 4)
        assert newest.connection.status == "WEBSITE_DOWN"
        assert newest.previous_status == "CONNECTED"
        assert newest.changed >= {"status", "url", "country"}
        assert [event.id for event in newest.events] == ["msg_2", "msg_3", "msg_4"]


async def test_promise_6_what_changed_adds_up_until_the_handler_succeeds(redis_url: str) -> None:
    one = Recorder("a", Done(), ValueError(), ValueError(), Done())
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected", country="US")
        await running.happen(connection, "msg_1")
        await running.happen(connection, "msg_2", status="PENDING")
        await running.happen(connection, "msg_3", country="DE")
        await running.happen(connection, "msg_4", url="https://x.example")
        last = one.shown[-1]
        assert last.previous_status == "CONNECTED"
        assert last.changed >= {"status", "country", "url"}
        assert [event.id for event in last.events] == ["msg_2", "msg_3", "msg_4"]
        assert [change.version for change in one.shown] == [1, 2, 3, 4]
        await running.happen(connection, "msg_5", country="FR")
        assert "url" not in one.shown[-1].changed
        assert one.shown[-1].previous_status == "PENDING"


async def test_promise_6_what_went_and_came_back_is_shown_as_changed(redis_url: str) -> None:
    """The status is as it was; that it had been another may matter to the handler."""
    one = Recorder("a", Done(), ValueError())
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        await running.happen(connection, status="WEBSITE_DOWN")
        await running.happen(connection, status="CONNECTED")
        newest = one.shown[-1]
        assert (newest.connection.status, newest.previous_status) == ("CONNECTED", "CONNECTED")
        assert "status" in newest.changed


async def test_the_idempotency_key_is_another_for_each_version_handler_and_connection(redis_url: str) -> None:
    one, two = Recorder("a", ValueError()), Recorder("b")
    async with bench(redis_url, one, two) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        await running.pass_time()
        await running.happen(connection, status="PENDING")
        await running.happen(running.nectar.add("connected"))
        keys = [each.idempotency_key for each in one.contexts + two.contexts]
        assert keys[0] == keys[1], "two attempts at one version"
        assert len(set(keys)) == len(keys) - 1


async def test_promise_7_a_dead_letter_is_run_again_by_redelivery_and_nothing_else_is(redis_url: str) -> None:
    one, two = Recorder("a", Rejected("no"), Rejected("no"), Done()), Recorder("b")
    async with bench(redis_url, one, two) as running:
        connection = running.nectar.add("connected")
        for attempts in (1, 2, 3, 3):
            await running.happen(connection, "msg_same")
            assert (len(one.shown), len(two.shown)) == (attempts, 1)


async def test_promise_8_a_handler_that_is_not_enabled_waits_and_goes_on_when_it_is(redis_url: str) -> None:
    """As after a deployment that forgot it in HANDLERS."""
    async with bench(redis_url, Recorder("a"), Recorder("b")) as running:
        await running.journal.accept(connection := running.nectar.add("connected"))
        await running.do(refresh(connection))
    async with bench(redis_url, Recorder("b")) as without:
        for _ in range(20):
            await without.pass_time()
        gauges = await without.journal.gauges.read()
        [breaker] = gauges.breakers
        assert (breaker.name, breaker.parked, gauges.dead) == ("a", 1, 0)
        assert "HANDLERS" in breaker.reason
    again = Recorder("a")
    async with bench(redis_url, again, Recorder("b")) as running:
        await running.pass_time()
        assert (again.statuses, again.contexts[0].attempt) == (["CONNECTED"], 1)
        assert (await running.journal.gauges.read()).breakers == ()


async def test_without_handlers_connections_are_followed_all_the_same(redis_url: str) -> None:
    async with bench(redis_url) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        assert await running.journal.redis.hget(f"nectar:connection:{connection}", "status") == "CONNECTED"
        assert await running.journal.lists(refresh(connection)) == set()


async def test_promise_10_the_secret_is_in_no_key_of_redis(redis_url: str) -> None:
    async def run(change: Change, ctx: Context[Any]) -> Done:
        assert change.connection.connection_magic_link_secret is None
        assert "magic-hush-hush" not in repr(change)
        link = await ctx.reconnect_link()
        assert link is not None
        assert link.endswith("/workflow/magic-hush-hush")
        if ctx.attempt < 3:
            raise ValueError(f"could not send {link}")
        return Done(reference=link)

    one = Recorder("a", *[run] * 3)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected", connectionMagicLinkSecret="magic-hush-hush")
        running.nectar.connections[connection]["old"] = {"connectionMagicLinkSecret": "magic-hush-hush"}
        await running.happen(connection)
        for _ in range(2):
            await running.pass_time()
        assert (await running.kept("a", connection))["outcome"] == "done"
        assert "hush" not in str(await running.journal.dump())


async def test_a_burst_on_many_connections_with_a_flaky_nectar_ends_with_all_handled(redis_url: str) -> None:
    """Promises 2 and 4 together."""
    one, two = Recorder("a"), Recorder("b")
    async with bench(redis_url, one, two) as running:
        connections = [running.nectar.add("connected") for _ in range(20)]
        running.nectar.faults.set(
            Fault(status=500, times=4),
            Fault(hang_up="halfway", times=3),
            Fault(status=404, times=3),
            Fault(garbage="html", times=2),
            Fault(status=429, retry_after=0, times=2),
        )
        for number in range(200):
            await running.journal.accept(connections[number % 20])
        await running.work_off()
        for _ in range(12):
            await running.pass_time()
        for recorder in (one, two):
            assert {str(change.connection.id) for change in recorder.shown} == set(connections)
        gauges = await running.journal.gauges.read()
        assert (gauges.due, gauges.dead, gauges.breakers) == (0, 0, ())
        assert len(running.nectar.requests.matching("/details")) <= 20 + 14


async def test_promise_6_two_workers_share_the_work_and_never_a_delivery(redis_url: str) -> None:
    slow = Recorder("a", *[pause] * 1000)
    async with bench(redis_url, slow) as first, bench(redis_url, slow) as second:
        connections = [first.nectar.add("connected") for _ in range(10)]
        second.nectar.connections.update(first.nectar.connections)
        for _ in range(3):
            for connection in connections:
                first.nectar.edit(connection, url=f"https://{uuid4()}.example")
                second.nectar.connections[connection] = first.nectar.connections[connection]
                await first.journal.accept(connection)
            await asyncio.gather(*(each.work_off() for each in (first, second, first, second)))
        assert slow.overlaps == 0
        assert len(slow.shown) == 30
        assert await first.journal.redis.zcard(key("due")) == 0


async def pause(change: Change, ctx: Context[Any]) -> Done:
    """Take a moment."""
    await asyncio.sleep(0.01)
    return Done()


async def test_promise_6_what_was_taken_too_long_ago_is_not_begun(redis_url: str) -> None:
    """A handler that blocks the process keeps what was taken meanwhile waiting: another has it by then."""
    seen = Recorder("a")
    async with bench(redis_url, seen) as running:
        connection = running.nectar.add("connected")
        await running.journal.accept(connection)
        await running.dispatch.refresh(connection)
        claim = await running.dispatch.worklist.begin(deliver("a", connection), "a")
        assert claim is not None
        await running.dispatch.do(replace(claim, asked=claim.asked - LEASE), lambda: None)
        assert seen.shown == []
        await running.dispatch.do(claim, lambda: None)
        assert len(seen.shown) == 1
