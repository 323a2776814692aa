"""`nectar-router show` tells the whole story, by whatever id one has."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from receiver.api import Done, Rejected
from receiver.journal import Store, deliver, refresh
from receiver.journal.store import key
from receiver.simulator import Fault
from tests.integration.bench import Bench, Recorder, bench
from tests.integration.kit import BROKEN, ONE, REJECT, Journal
from tests.integration.typed import Terminal

pytestmark = pytest.mark.anyio


@pytest.fixture
def terminal(redis_url: str) -> Terminal:
    return Terminal(redis_url, "a,b")


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


@pytest.fixture
async def running(redis_url: str) -> AsyncIterator[Bench]:
    """A router whose handler `a` is done at once, and whose `b` fails once before it is."""
    failing = Recorder("b", ConnectionError("no answer for pat@acme.example"), Done("TICKET-7"))
    async with bench(redis_url, Recorder("a"), failing) as opened:
        yield opened


def told(story: dict[str, Any]) -> list[tuple[str, str]]:
    """What handlers made of it: who, and the outcome."""
    return [(each["handler"], each["outcome"]) for each in story["deliveries"]]


async def test_the_story_of_an_event_has_every_step(terminal: Terminal, running: Bench) -> None:
    """Received, covered by which fetch, which change, each attempt at each handler, and how it stands."""
    connection = running.nectar.add("password-incorrect")
    await running.happen(connection, "msg_1")
    await running.pass_time()
    story = await terminal.read("show", "msg_1")
    event = story["event"]
    assert (event["message"], event["type"], event["state"]) == ("msg_1", "connection.updated.v2", "handled")
    [fetch] = story["fetches"]
    assert (fetch["outcome"], fetch["detail"], fetch["version"]) == ("fetched", event["id"], 1)
    assert story["covered"]
    assert story["change"]["version"] == 1
    assert story["change"]["status"] == "PASSWORD_INCORRECT"
    assert story["change"]["events"] == [event["id"]]
    assert sorted(told(story)) == [("a", "done"), ("b", "done"), ("b", "retry")]
    last = story["deliveries"][-1]
    assert (last["attempt"], last["detail"]) == (2, "TICKET-7")
    assert event["received"] <= fetch["ended"] <= last["ended"]
    assert [work["state"] for work in story["now"]["works"]] == ["idle"] * 3


async def test_lines_for_people_tell_it_in_order(terminal: Terminal, running: Bench) -> None:
    connection = running.nectar.add("password-incorrect")
    await running.happen(connection, "msg_1")
    await running.pass_time()
    lines = (await terminal.good("show", "msg_1")).splitlines()
    assert lines[0].endswith(": handled")
    steps = [line[25:] for line in lines if " + " in line[:24]]
    assert steps[0].startswith("fetch       fetched (took ")
    assert steps[1] == "change      version 1: new → PASSWORD_INCORRECT; changed everything"
    assert sorted(step.split()[0] for step in steps[2:]) == ["a", "b", "b"]
    assert "ConnectionError: no answer for p***@acme.example" in "".join(steps)
    assert steps[-1].endswith("attempt 2, took 0 ms): TICKET-7") or "TICKET-7" in steps[-1]
    assert "  b           idle, last done: TICKET-7" in lines


async def test_an_event_is_found_by_its_mark_and_its_message(terminal: Terminal, journal: Journal) -> None:
    """By the message also when its id is remembered no longer."""
    mark = (await journal.accept(message_id="msg_1")).event
    await journal.accept(message_id="other:msg_1")
    by_mark = await terminal.read("show", mark)
    assert by_mark["event"]["message"] == "msg_1"
    assert await terminal.read("show", "msg_1") == by_mark
    await journal.redis.delete(*await journal.redis.keys(key("seen", "*")))
    assert await terminal.read("show", "msg_1") == by_mark


async def test_an_event_that_waits_has_no_more_than_that(terminal: Terminal, journal: Journal) -> None:
    await journal.accept(message_id="msg_1")
    story = await terminal.read("show", "msg_1")
    assert story["event"]["state"] == "due"
    assert (story["covered"], story["fetches"], story["change"]) == (False, [], None)
    assert "fetch       due at" in await terminal.good("show", "msg_1")


async def test_attempts_at_a_fetch_that_failed_are_part_of_it(terminal: Terminal, running: Bench) -> None:
    connection = running.nectar.add("connected")
    running.nectar.faults.set(Fault(status=503, times=1))
    await running.happen(connection, "msg_1")
    await running.pass_time()
    story = await terminal.read("show", "msg_1")
    assert [fetch["outcome"] for fetch in story["fetches"]] == ["retry", "fetched"]
    assert "503" in story["fetches"][0]["detail"]


async def test_events_that_shared_a_fetch_tell_the_same_change(terminal: Terminal, running: Bench) -> None:
    connection = running.nectar.add("connected")
    for number in range(3):
        await running.journal.accept(connection, f"msg_{number}")
    await running.work_off()
    stories = [await terminal.read("show", f"msg_{number}") for number in range(3)]
    assert stories[0]["change"] == stories[1]["change"] == stories[2]["change"]
    assert len(stories[0]["change"]["events"]) == 3


async def test_an_event_that_brought_nothing_new_says_which_version_was_up_to_date(
    terminal: Terminal, running: Bench
) -> None:
    """And none of what handlers made of other changes is taken for its own."""
    connection = running.nectar.add("connected")
    await running.happen(connection, "msg_1")
    await running.pass_time()
    await running.happen(connection, "msg_no_news")
    await running.happen(connection, "msg_3", status="PASSWORD_INCORRECT")
    story = await terminal.read("show", "msg_no_news")
    assert story["covered"]
    assert (story["change"]["version"], story["change"]["new"]) == (1, False)
    assert told(story) == []
    assert "change      none: version 1 was up to date" in await terminal.good("show", "msg_no_news")
    assert (await terminal.read("show", "msg_3"))["change"]["status_before"] == "CONNECTED"


async def test_a_handler_that_was_behind_is_shown_the_newest_version_for_all(
    terminal: Terminal, running: Bench
) -> None:
    """The story of the first event goes on until each handler is through, and no further."""
    connection = running.nectar.add("connected")
    await running.happen(connection, "msg_1")
    await running.happen(connection, "msg_2", status="PASSWORD_INCORRECT")
    await running.pass_time()
    await running.happen(connection, "msg_3", status="CONNECTED")
    story = await terminal.read("show", "msg_1")
    versions = sorted((each["handler"], each["version"], each["outcome"]) for each in story["deliveries"])
    assert versions == [("a", 1, "done"), ("b", 1, "retry"), ("b", 2, "done")]


async def test_what_the_record_of_attempts_no_longer_holds_is_said(
    terminal: Terminal, running: Bench
) -> None:
    connection = running.nectar.add("connected")
    await running.happen(connection, "msg_1")
    await running.journal.redis.delete(key("attempts"))
    lines = await terminal.good("show", "msg_1")
    assert "the record of attempts does not go back so far" in lines
    assert "version 1: new → CONNECTED" in lines


async def test_a_connection_tells_versions_and_attempts_newest_first(
    terminal: Terminal, running: Bench
) -> None:
    connection = running.nectar.add("connected")
    await running.happen(connection)
    await running.pass_time()
    await running.happen(connection, status="PASSWORD_INCORRECT")
    story = await terminal.read("show", connection.upper())
    assert [version["version"] for version in story["versions"]] == [2, 1]
    assert story["attempts"][0]["ended"] >= story["attempts"][-1]["ended"]
    assert len(story["attempts"]) == 7
    lines = await terminal.good("show", connection)
    assert "version 2: CONNECTED → PASSWORD_INCORRECT; changed status" in lines


async def test_a_dead_letter_tells_its_own_attempts_and_the_traceback(
    terminal: Terminal, redis_url: str
) -> None:
    """Whoever pastes its name wants to know why."""

    async def fail(change: object, ctx: object) -> None:
        raise ValueError("the answer was 41 for pat@acme.example")

    wrong = Recorder("b", *[fail] * 20)
    async with bench(redis_url, Recorder("a"), wrong) as running:
        await running.die(wrong)
        [letter] = (await terminal.read("dead"))["dead"]
        assert "ValueError: the answer was 41 for p***@acme.example" in letter["trace"]
        lines = await terminal.good("show", letter["id"])
        assert "Traceback (most recent call last)" in lines
        story = await terminal.read("show", letter["id"])
        assert {attempt["work"] for attempt in story["attempts"]} == {letter["id"]}
        assert story["attempts"][0]["outcome"] == "dead"


async def test_a_dead_fetch_is_found_by_its_name(terminal: Terminal, journal: Journal) -> None:
    await journal.accept()
    await journal.fail_fetch(await journal.take_fetch(), REJECT)
    story = await terminal.read("show", refresh(ONE))
    assert [attempt["outcome"] for attempt in story["attempts"]] == ["reject"]
    assert "dead since" in await terminal.good("show", refresh(ONE))


@pytest.mark.parametrize("name", ["msg_nobody", "1-0", ONE, deliver("a", ONE), refresh(ONE), "*"])
async def test_what_nobody_knows_ends_with_1_and_a_sentence(terminal: Terminal, name: str) -> None:
    said = await terminal.type("show", name)
    assert said.code == 1
    assert said.output.startswith(f"Nothing is known of {name}.")


async def test_show_wants_one_id(terminal: Terminal) -> None:
    assert (await terminal.type("show")).code == 2
    assert (await terminal.type("show", "one", "two")).code == 2


async def test_promise_10_no_secret_and_no_address_is_printed(
    terminal: Terminal, router: Any, redis_url: str
) -> None:
    """Neither of the payload, nor of what handlers said, in lines or as JSON."""
    said = Rejected(
        "https://dash.nectarclimate.com/p/connect/acme/workflow/magic-hush-hush for pat@acme.example"
    )
    async with bench(redis_url, Recorder("a", said)) as running:
        connection = running.nectar.add("password-incorrect")
        body = {
            "id": connection,
            "eventType": "connection.updated.v2",
            "username": "pat@acme.example",
            "workflowOwnerEmail": "owner@acme.example",
            "connectionMagicLinkSecret": "magic-hush-hush",
        }
        await router.post(body, "msg_1")
        await router.post(body | {"status": 7}, "msg_misfit")
        await running.work_off()
        printed = ""
        for words in (
            *(["show", name] for name in ("msg_1", "msg_misfit", connection, deliver("a", connection))),
            *([name] for name in ("events", "connections", "deliveries", "dead", "quarantine")),
            ["replay", "--failed", "--dry-run"],
        ):
            for manner in ([], ["--json"]):
                printed += (await terminal.type(*words, *manner)).output
        assert "for p***@acme.example" in printed
        assert "/workflow/[redacted]" in printed
        assert '"username": "[redacted]"' in printed
        for secret in ("hush-hush", "pat@", "owner@", running.nectar.state.api_key):
            assert secret not in printed


async def test_a_retried_delivery_counts_its_attempts(terminal: Terminal, journal: Journal) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), BROKEN)
    assert "a           retry (version 1, attempt 1, took 0 ms): ValueError: no" in await terminal.good(
        "show", ONE
    )
