"""The chat handler against real web servers, by way of Apprise."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
from pydantic import JsonValue
from structlog.testing import capture_logs

from handlers.chat import chat
from handlers.chat.message import Kind, Message
from handlers.chat.notifying import notify
from receiver.api import Done, RetryLater, Skipped, Status
from receiver.policy import judge
from receiver.rehearsal import Effect, Rehearsing, take_everything
from receiver.testing import MemorySteps, make_change, make_connection, make_context
from tests.handlers.chatting import (
    BROKEN,
    DOWN,
    RESETS,
    TOKEN,
    WORKS,
    Story,
    bodies,
    json_url,
    logged,
    options,
)
from tests.handlers.listener import listen

pytestmark = pytest.mark.anyio

REFUSED = "The utility refused the password. (PASSWORD_INCORRECT)"
RESET = "The utility wants the password changed. (NEW_PASSWORD_NEEDED)"
WELL = "The connection works again."


async def test_a_message_arrives_with_its_kind() -> None:
    async with listen("200 OK") as listener:
        assert await Story(options(json_url(listener))).show(BROKEN) == Done("json (target 1)")
    [posted] = listener.posted
    sent = json.loads(posted.body)
    assert sent["title"] == "Harbor Electric of Northwind Properties (6f9f1c52)"
    assert sent["message"].splitlines()[0] == REFUSED
    assert sent["type"] == "failure"


async def test_a_chat_of_slacks_kind_gets_it_as_text() -> None:
    async with listen("200 OK") as listener:
        await Story(options(f"mmost://127.0.0.1:{listener.port}/{TOKEN}")).show(BROKEN)
    [posted] = listener.posted
    assert posted.path == f"/hooks/{TOKEN}"
    sent = json.loads(posted.body)
    assert sent["username"] == "Nectar Router"
    assert sent["text"].splitlines()[:2] == ["Harbor Electric of Northwind Properties (6f9f1c52)", REFUSED]


async def test_from_trouble_to_its_end_and_the_next_trouble() -> None:
    async with listen("200 OK") as listener:
        story = Story(options(json_url(listener)))
        assert await story.show(WORKS) == Skipped("nobody was told of trouble")
        assert await story.show(DOWN) == Skipped("WEBSITE_DOWN is told nowhere")
        assert isinstance(await story.show(BROKEN), Done)
        assert await story.show(BROKEN) == Skipped("everybody has been told")
        assert isinstance(await story.show(RESETS), Done)
        assert isinstance(await story.show(WORKS), Done)
        assert await story.show(WORKS) == Skipped("nobody was told of trouble")
        assert isinstance(await story.show(BROKEN), Done)
    assert bodies(listener) == [REFUSED, RESET, WELL, REFUSED]


async def test_every_status_is_told_where_it_belongs() -> None:
    """By itself what somebody must mend; with routes all of them."""
    async with listen("200 OK") as usual, listen("200 OK") as routed:
        for status in Status:
            told = isinstance(await Story(options(json_url(usual))).show(make_connection(status)), Done)
            assert told == (status.needs_owner or status.needs_operator)
            everything = options(routes={str(status): json_url(routed)})
            told = isinstance(await Story(everything).show(make_connection(status)), Done)
            assert told != status.healthy  # of that only who was told of trouble
    assert [line.rpartition("(")[2].rstrip(")") for line in bodies(routed)] == [
        str(status) for status in Status if not status.healthy
    ]
    assert len(usual.posted) == 8


async def test_each_place_hears_of_what_is_routed_to_it_and_of_the_end_of_that() -> None:
    async with listen("200 OK") as usual, listen("200 OK") as pager, listen("200 OK") as wins:
        routes = {"WEBSITE_DOWN": json_url(pager), "healthy": [json_url(wins)]}
        story = Story(options(json_url(usual), routes=routes))
        for connection in (DOWN, WORKS, BROKEN, WORKS, WORKS):
            await story.show(connection)
    assert bodies(usual) == [REFUSED, WELL]
    assert bodies(pager) == ["The utility's website is down. (WEBSITE_DOWN)", WELL]
    assert bodies(wins) == [WELL, WELL]


async def test_what_one_place_did_not_take_is_not_told_to_the_others_again() -> None:
    async with listen("200 OK") as well, listen("503 Down", "200 OK") as ill:
        story = Story(options(json_url(ill), json_url(well)))
        later = await story.show(BROKEN)
        assert later == RetryLater(60, "json (target 1) did not take the message: it answered 503")
        assert await story.show(BROKEN) == Done("json (target 1)")
        assert await story.show(BROKEN) == Skipped("everybody has been told")
    assert (bodies(well), bodies(ill)) == ([REFUSED], [REFUSED, REFUSED])


async def test_a_place_that_fails_for_long_keeps_none_of_the_others_waiting() -> None:
    """It is tried less and less often, and is not raised: that would let the whole handler wait."""
    async with listen("200 OK") as well, listen(*["404 No"] * 9, "200 OK") as ill:
        story = Story(options(json_url(ill), json_url(well)))
        pauses = [await story.show(BROKEN) for _ in range(9)]
        assert [later.seconds for later in pauses if isinstance(later, RetryLater)] == [
            *(60, 120, 240, 480, 960, 1920, 3600, 3600, 3600)
        ]
        assert isinstance(await story.show(BROKEN), Done)
        assert story.memory["failures"] == 0
    assert bodies(well) == [REFUSED]


async def test_when_no_place_is_well_the_router_hears_of_it() -> None:
    async with listen("404 No") as one, listen("500 Ill") as two:
        with pytest.raises(ConnectionError, match="404") as refusal:
            await Story(options(json_url(one), json_url(two))).show(BROKEN)
    assert judge(refusal.value).target_down


async def test_a_place_that_missed_trouble_is_told_of_the_newest_state_only() -> None:
    async with listen("200 OK") as well, listen("503 Down", "200 OK") as ill:
        story = Story(options(json_url(ill), json_url(well)))
        for connection in (BROKEN, RESETS, WORKS):
            await story.show(connection)
    assert bodies(well) == [REFUSED, RESET, WELL]
    assert bodies(ill) == [REFUSED, RESET, WELL]  # the first of which it did not take


async def test_a_place_that_was_told_of_no_trouble_is_not_told_of_its_end() -> None:
    async with listen("200 OK") as well, listen("503 Down", "200 OK") as ill:
        story = Story(options(json_url(ill), json_url(well)))
        for connection in (BROKEN, WORKS):
            await story.show(connection)
    assert (bodies(well), bodies(ill)) == ([REFUSED, WELL], [REFUSED])


class DiedError(BaseException):
    """The process died."""


class CrashingSteps(MemorySteps):
    """The process dies as soon as a step is written down."""

    async def record(self, step: str, result: JsonValue) -> None:
        await super().record(step, result)
        raise DiedError


async def test_a_crash_after_a_message_does_not_send_it_again_and_leaves_nothing_unsaid() -> None:
    """Also when the status has moved on meanwhile."""
    async with listen("200 OK") as listener:
        chosen, crashing, steps = options(json_url(listener)), CrashingSteps(), MemorySteps()
        with pytest.raises(DiedError):
            await chat(make_change(BROKEN), make_context(chosen, steps=crashing))
        steps.finished = crashing.finished
        await chat(make_change(BROKEN), make_context(chosen, steps=steps))
        assert bodies(listener) == [REFUSED]
        await chat(make_change(RESETS), make_context(chosen, steps=steps))
    assert bodies(listener) == [REFUSED, RESET]


async def test_the_event_loop_goes_on_while_a_place_does_not_answer() -> None:
    arrived, going = asyncio.Event(), asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await going.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(stall, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    telling = asyncio.create_task(Story(options(f"json://127.0.0.1:{port}/")).show(BROKEN))
    await arrived.wait()
    assert not telling.done()
    going.set()
    assert isinstance(await telling, Done)
    server.close()


@pytest.mark.parametrize("code", [401, 404, 429, 500])
async def test_a_refusal_is_tried_again_and_says_the_code_but_no_token(code: int) -> None:
    async with listen(f"{code} No") as listener:
        url = f"mmost://user@127.0.0.1:{listener.port}/{TOKEN}?channel=secret-channel"
        with logged() as lines, capture_logs() as own, pytest.raises(ConnectionError) as refusal:
            await Story(options(url)).show(BROKEN)
    assert str(refusal.value) == f"mmost (target 1) did not take the message: it answered {code}"
    assert judge(refusal.value).target_down
    assert (lines.getvalue(), own) == ("", [])


async def test_no_line_of_apprise_reaches_the_log_since_its_hosts_may_be_tokens() -> None:
    """Its warning of a broken connection shows what it takes for the host: with PagerDuty the key."""
    async with listen() as listener:
        gone = f"json://127.0.0.1:{listener.port}/hush"
    with logged() as lines, pytest.raises(ConnectionError) as refusal:
        await Story(options(gone)).show(BROKEN)
    assert str(refusal.value) == (
        "json (target 1) did not take the message: no connection, or no answer that makes sense"
    )
    assert lines.getvalue() == ""


class LostError(Exception):
    """The router took the work away."""


async def test_what_is_no_places_fault_is_let_out_as_it_is() -> None:
    class LosingSteps(MemorySteps):
        async def record(self, step: str, result: JsonValue) -> None:
            raise LostError

    async with listen("200 OK") as well, listen("500 Ill") as ill:
        ctx = make_context(options(json_url(ill), json_url(well)), steps=LosingSteps())
        with pytest.raises(LostError):
            await chat(make_change(BROKEN), ctx)


async def test_in_a_rehearsal_messages_are_shown_and_nothing_is_sent() -> None:
    effects: list[Effect] = []

    async def keep(effect: Effect) -> None:
        effects.append(effect)

    async with listen("200 OK") as listener:
        url = f"mmost://127.0.0.1:{listener.port}/{TOKEN}"
        ctx = replace(make_context(options(url)), rehearsal=Rehearsing(keep, take_everything))
        assert await chat(make_change(BROKEN), ctx) == Done("mmost (target 1)")
    assert listener.conversations == 0
    [effect] = effects
    assert (effect.kind, effect.what["to"]) == ("chat", "mmost (target 1)")
    assert str(effect.what["text"]).startswith(REFUSED)
    assert TOKEN not in repr(effects)


async def test_nothing_that_is_kept_holds_a_url() -> None:
    async with listen("200 OK") as listener:
        memory: dict[str, JsonValue] = {}
        steps = MemorySteps()
        chosen = options(f"mmost://127.0.0.1:{listener.port}/{TOKEN}")
        await chat(make_change(BROKEN), make_context(chosen, memory=memory, steps=steps))
    assert steps.finished
    assert TOKEN not in repr((memory, steps.finished))


async def test_the_preflight_names_the_places_and_sends_nothing() -> None:
    assert chat.check is not None
    async with listen("200 OK") as listener, httpx.AsyncClient() as http:
        chosen = options(json_url(listener), f"mmost://chat.example/{TOKEN}")
        said = await chat.check(chosen, http)
    assert said == "json (target 1), mmost (target 2); not tried, since that would send a message"
    assert listener.conversations == 0


async def test_markup_in_a_message_is_text() -> None:
    async with listen("200 OK") as listener:
        [target] = options(json_url(listener)).targets.values()
        await notify(target, Message("a <b> & c", "d\ne", Kind.WARNING))
    assert json.loads(listener.posted[0].body)["title"] == "a <b> & c"


def test_it_is_shown_statuses_only() -> None:
    assert chat.concerns({"status"})
    assert not chat.concerns({"accounts", "workflow_owner_email"})
