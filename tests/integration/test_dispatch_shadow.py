"""Shadow mode: on live traffic, and nobody outside is reached."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, SecretStr

from receiver.api import Change, Context, Done, Outcome, Rejected, RetryLater, handler
from receiver.journal import Rehearsals, deliver
from receiver.registry import Enabled
from tests.integration.bench import Answer, Bench, Recorder, bench, target

pytestmark = pytest.mark.anyio

SHADOW = "a.shadow"


def in_shadow(given: Enabled | Recorder) -> Enabled:
    """The handler in shadow mode."""
    if isinstance(given, Recorder):
        given = Enabled(given.handler, given.handler.options(), given.handler.schedule)
    return replace(given, shadow=True)


async def rehearsed(running: Bench, name: str = SHADOW) -> list[Any]:
    """What is on record, newest first."""
    return [each for _, each in await Rehearsals(running.journal.store).newest(name, 100)]


async def test_requests_are_kept_and_none_is_sent(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, in_shadow(tool.handler())) as running:
        connection = running.nectar.add("password-incorrect")
        await running.happen(connection)
        assert tool.calls == []
        [kept] = await rehearsed(running, "pager.shadow")
    assert (kept.connection, kept.status, kept.outcome) == (connection, "PASSWORD_INCORRECT", "done")
    [effect] = kept.effects
    assert (effect["kind"], effect["method"], effect["url"]) == ("http", "POST", tool.url)
    assert effect["body"] == "PASSWORD_INCORRECT"


async def test_promise_10_what_is_kept_of_them_bears_no_secret_and_no_address(redis_url: str) -> None:
    class Options(BaseModel):
        key: SecretStr = SecretStr("the-key-of-the-target")

    @handler("a", options=Options)
    async def tells_all(change: Change, ctx: Context[Options]) -> Outcome:
        key = ctx.options.key.get_secret_value()
        everything = {
            "who": change.connection.username,
            "username": change.connection.username,
            "to": change.connection.workflow_owner_email,
            "link": await ctx.reconnect_link(),
            "text": f"with {key}",
        }
        await ctx.http.post("https://target.example.com", json=everything, headers={"authorization": key})
        return Done(f"sent to {change.connection.workflow_owner_email}")

    async with bench(redis_url, in_shadow(Enabled(tells_all, Options(), tells_all.schedule))) as running:
        running.redactor.hide_options(Options())
        connection = running.nectar.add("password-incorrect")
        personal = [
            running.nectar.connections[connection][name] for name in ("username", "workflowOwnerEmail")
        ]
        await running.happen(connection)
        stored = str(await running.journal.redis.xrange("nectar:rehearsed:a.shadow"))
        assert running.nectar.invitations == []
    assert "target.example.com" in stored
    for secret in ("the-key-of-the-target", "made-up-in-shadow-mode", *personal):
        assert secret not in stored


async def test_what_goes_another_way_than_http_is_kept_too(redis_url: str) -> None:
    async def writes(change: Change, ctx: Context[Any]) -> Outcome:
        async def never() -> str:
            raise AssertionError("this was to be a rehearsal")

        return Done(await ctx.outside("mail", {"subject": "Hello"}, never, instead="not sent"))

    async with bench(redis_url, in_shadow(Recorder("a", writes))) as running:
        await running.happen(running.nectar.add("connected"))
        [kept] = await rehearsed(running)
    assert (kept.effects, kept.detail) == ([{"kind": "mail", "subject": "Hello"}], "not sent")


async def test_the_handler_s_own_stand_in_answers(redis_url: str) -> None:
    @handler("a")
    async def opens_a_ticket(change: Change, ctx: Context[Any]) -> Outcome:
        reply = await ctx.http.post("https://tracker.example.com/tickets")
        return Done(reply.json()["ticket"]["number"])

    @opens_a_ticket.stand_in
    def tracker(options: BaseModel) -> Any:
        return lambda request: httpx.Response(201, json={"ticket": {"number": "T-7"}})

    plain = Enabled(opens_a_ticket, opens_a_ticket.options(), opens_a_ticket.schedule)
    async with bench(redis_url, in_shadow(plain)) as running:
        await running.happen(running.nectar.add("connected"))
        [kept] = await rehearsed(running)
    assert (kept.outcome, kept.detail) == ("done", "T-7")


@pytest.mark.parametrize("answer", [ValueError("no"), Rejected("no"), PermissionError("no")], ids=repr)
async def test_trouble_is_on_record_and_nothing_is_retried_parked_or_dead(
    redis_url: str, answer: Answer
) -> None:
    one = Recorder("a", answer)
    async with bench(redis_url, in_shadow(one)) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
        await running.pass_time()
        [kept] = await rehearsed(running)
        assert await running.journal.lists(deliver(SHADOW, connection)) == set()
        assert (await running.journal.gauges.read()).breakers == ()
    assert kept.outcome in ("retry", "reject", "park")
    assert "no" in kept.detail
    assert len(one.shown) == 1


async def test_who_asks_to_be_shown_it_later_is(redis_url: str) -> None:
    one = Recorder("a", RetryLater(3600))
    async with bench(redis_url, in_shadow(one)) as running:
        await running.happen(running.nectar.add("website-down"))
        await running.pass_time()
        await running.pass_time()
        assert [each.outcome for each in await rehearsed(running)] == ["done", "later"]
    assert len(one.shown) == 2


async def test_let_loose_it_knows_nothing_of_what_was_made_up(redis_url: str) -> None:
    async def remembers(change: Change, ctx: Context[Any]) -> Outcome:
        ctx.memory["ticket"] = "made up"
        return Done()

    one = Recorder("a", remembers)
    connection = ""
    async with bench(redis_url, in_shadow(one)) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
    async with bench(redis_url, one) as running:
        running.nectar.add("connected", id=connection)
        await running.happen(connection, status="PENDING")
    assert one.contexts[-1].memory == {}
    assert one.shown[-1].previous_status is None
    assert one.contexts[-1].rehearsal is None


async def test_what_was_still_to_be_shown_when_shadow_mode_ended_is_dropped(redis_url: str) -> None:
    one = Recorder("a", RetryLater(3600))
    async with bench(redis_url, in_shadow(one)) as running:
        connection = running.nectar.add("connected")
        await running.happen(connection)
    async with bench(redis_url) as running:
        await running.pass_time()
        assert await running.journal.lists(deliver(SHADOW, connection)) == set()
        assert (await running.journal.gauges.read()).breakers == ()


async def test_a_handler_can_run_in_earnest_and_in_shadow_at_once(redis_url: str) -> None:
    async with target() as tool, bench(redis_url, tool.handler(), in_shadow(tool.handler())) as running:
        await running.happen(running.nectar.add("connected"))
        assert len(tool.calls) == 1
        assert len(await rehearsed(running, "pager.shadow")) == 1
