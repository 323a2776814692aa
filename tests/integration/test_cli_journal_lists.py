"""`nectar-router connections`, `deliveries` and `dead`: what there is, in which state, and since when."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from receiver.api import Rejected
from receiver.journal import Ended, Store, deliver, refresh
from receiver.journal.store import key
from tests.integration.bench import Bench, Recorder, bench
from tests.integration.kit import DONE, DOWN, LATER, ONE, PARK, REJECT, THREE, TWO, Journal, message
from tests.integration.typed import Terminal

pytestmark = pytest.mark.anyio


@pytest.fixture
def terminal(redis_url: str) -> Terminal:
    return Terminal(redis_url, "a,b")


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store, max_backlog=100_000)


@pytest.fixture
async def running(redis_url: str) -> AsyncIterator[Bench]:
    """A router whose handler `a` is done with whatever it is shown, and whose `b` takes nothing."""
    refusing = Recorder("b", *[Rejected("no such ticket for pat@acme.example")] * 20)
    async with bench(redis_url, Recorder("a"), refusing) as opened:
        yield opened


async def pages(terminal: Terminal, name: str, *words: str) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    rows: list[dict[str, Any]] = []
    after: tuple[str, ...] = ()
    while True:
        page = await terminal.read(name, *words, *after)
        rows += page[name]
        if page["next"] is None:
            return rows
        after = ("--after", page["next"])


async def ids(terminal: Terminal, name: str, *words: str) -> list[str]:
    """What a command lists, over all its pages."""
    return [row["id"] for row in await pages(terminal, name, *words)]


async def test_connections_come_by_id_and_each_once(terminal: Terminal, journal: Journal) -> None:
    """More of them than Redis's own cursor has on a page, and other keys among them."""
    names = sorted(str(UUID(int=number * 7919)) for number in range(1, 1200))
    await journal.accept_all([message(name) for name in names])
    assert await ids(terminal, "connections", "--limit", "500") == names
    first = await terminal.read("connections", "--limit", "3")
    assert [row["id"] for row in first["connections"]] == names[:3]
    assert first["next"] == names[2]


async def test_a_connection_tells_how_it_stands(terminal: Terminal, running: Bench) -> None:
    connection = running.nectar.add("password-incorrect")
    await running.happen(connection)
    [row] = (await terminal.read("connections"))["connections"]
    assert row["id"] == connection
    assert row["status"] == "PASSWORD_INCORRECT"
    assert row["version"] == 1
    assert row["company"]["name"] == running.nectar.connections[connection]["company"]["name"]
    assert row["state"] == "dead"
    assert row["works"] == {"fetch": "idle", "a": "idle", "b": "dead"}
    line = (await terminal.good("connections")).splitlines()[1]
    assert line.startswith(f"{connection}  PASSWORD_INCORRECT  20")


async def test_connections_are_filtered_by_what_is_to_be_done_for_whom(
    terminal: Terminal, journal: Journal
) -> None:
    for connection in (ONE, TWO):
        await journal.fetch("a", "b", connection=connection)
    await journal.handle("a")
    await journal.handle("b")
    await journal.accept(THREE)
    await journal.fail(await journal.taken("b", TWO), REJECT)
    assert await ids(terminal, "connections", "--state", "idle") == [ONE]
    assert await ids(terminal, "connections", "--state", "dead") == [TWO]
    assert await ids(terminal, "connections", "--state", "dead", "--handler", "a") == []
    assert await ids(terminal, "connections", "--state", "due", "--handler", "a") == [TWO]
    assert await ids(terminal, "connections", "--state", "due") == [THREE]
    assert await ids(terminal, "connections", "--handler", "b") == [ONE, TWO]


async def test_connections_are_filtered_by_status_company_and_since_when(
    terminal: Terminal, running: Bench
) -> None:
    here, there = running.nectar.add("connected"), running.nectar.add("password-incorrect")
    running.nectar.edit(there, company={"id": None, "name": "Acme Ltd", "externalId": "A-77"})
    await running.happen(here)
    await running.happen(there)
    await running.journal.redis.hset(key("connection", here), "since", 1000)
    assert await ids(terminal, "connections", "--status", "connected") == [here]
    assert await ids(terminal, "connections", "--company", "a-77") == [there]
    assert await ids(terminal, "connections", "--since", "1h") == [there]
    assert await ids(terminal, "connections", "--until", "2001-01-01") == [here]


async def test_deliveries_tell_their_state_and_what_the_last_attempt_said(
    terminal: Terminal, journal: Journal
) -> None:
    """One in each state that there is."""
    handlers = ("done", "down", "parked", "rejected", "held", "later")
    terminal = Terminal(terminal.redis_url, ",".join(handlers))
    await journal.fetch(*handlers)
    await journal.handle("done", Ended("done", "TICKET-7", "CONNECTED"))
    for name, setback in (("down", DOWN), ("parked", PARK), ("rejected", REJECT), ("later", LATER)):
        await journal.fail(await journal.taken(name), setback)
    await journal.make_due(deliver("later", ONE))
    claim, _ = await journal.taken("later")
    await journal.deliveries.await_fetch(claim)
    await journal.take("held")
    rows = {row["handler"]: row for row in await pages(terminal, "deliveries", "--limit", "2")}
    assert {name: row["state"] for name, row in rows.items()} == {
        "done": "idle",
        "down": "due",
        "parked": "parked",
        "rejected": "dead",
        "held": "in-hand",
        "later": "awaiting",
    }
    assert (rows["done"]["outcome"], rows["done"]["detail"]) == ("done", "TICKET-7")
    assert (rows["done"]["handled_version"], rows["done"]["handled_status"]) == (1, "CONNECTED")
    assert (rows["down"]["reason"], rows["down"]["attempts"]) == ("the target answered 503", 1)
    lines = await terminal.good("deliveries")
    assert "done: TICKET-7" in lines
    assert "the target will never take it" in lines


async def test_who_held_work_and_died_holds_it_no_more(terminal: Terminal, journal: Journal) -> None:
    await journal.fetch("a")
    await journal.take("a")
    await journal.make_due(deliver("a", ONE))
    [row] = (await terminal.read("deliveries"))["deliveries"]
    assert row["state"] == "due"


async def test_deliveries_are_filtered(terminal: Terminal, journal: Journal) -> None:
    await journal.fetch("a", "b")
    await journal.fetch("a", connection=TWO)
    await journal.handle("a", Ended("done", "", "PASSWORD_INCORRECT"))
    await journal.handle("a", DONE, connection=TWO)
    a_one, a_two, b_one = deliver("a", ONE), deliver("a", TWO), deliver("b", ONE)
    assert await ids(terminal, "deliveries") == [a_one, a_two, b_one]
    assert await ids(terminal, "deliveries", "--handler", "a") == [a_one, a_two]
    assert await ids(terminal, "deliveries", "--connection", ONE) == [a_one, b_one]
    assert await ids(terminal, "deliveries", "--state", "due") == [b_one]
    assert await ids(terminal, "deliveries", "--status", "password_incorrect") == [a_one]
    assert await ids(terminal, "deliveries", "--since", "1h") == [a_one, a_two]
    assert await ids(terminal, "deliveries", "--connection", "*") == [], "a pattern is no connection"


async def test_dead_letters_say_why_since_when_and_which_events(terminal: Terminal, running: Bench) -> None:
    connection = running.nectar.add("connected")
    await running.happen(connection, "msg_dead")
    [event] = (await terminal.read("events"))["events"]
    [row] = (await terminal.read("dead"))["dead"]
    assert row["id"] == deliver("b", connection)
    assert row["handler"] == "b"
    assert row["at"].endswith("Z")
    assert row["events"] == {"after": None, "upto": event["id"]}
    assert row["reason"] == "no such ticket for p***@acme.example"
    assert f"{deliver('b', connection)}  1         CONNECTED  no such ticket" in await terminal.good("dead")


async def test_dead_letters_come_newest_first_and_pages_hold_whatever_is_revived(
    terminal: Terminal, journal: Journal
) -> None:
    """250 died in the same millisecond, which is more than are read at a time; some are revived between."""
    names = [str(UUID(int=number)) for number in range(1, 301)]
    for name in names:
        await journal.fetch("a", connection=name)
        await journal.fail(await journal.taken("a", name), REJECT)
    works = [deliver("a", name) for name in names]
    moments = dict(zip(works, [1000] * 250 + list(range(2000, 2050)), strict=True))
    await journal.redis.zadd(key("dead"), moments)
    expected = sorted(works, key=lambda work: (moments[work], work), reverse=True)
    assert await ids(terminal, "dead", "--limit", "70") == expected
    page = await terminal.read("dead", "--limit", "70")
    for gone in (expected[69], expected[70]):
        await journal.redis.zrem(key("dead"), gone)
    following = await terminal.read("dead", "--limit", "1", "--after", page["next"])
    assert following["dead"][0]["id"] == expected[71]


async def test_dead_letters_are_filtered(terminal: Terminal, running: Bench) -> None:
    """A fetch that nobody tries any more is one, too."""
    here, there = running.nectar.add("connected"), running.nectar.add("password-incorrect")
    await running.happen(here)
    await running.happen(there)
    await running.journal.accept(ONE)
    await running.journal.fail_fetch(await running.journal.take_fetch(ONE), REJECT)
    await running.journal.redis.zadd(key("dead"), {deliver("b", here): 1000})
    of_here, of_there, of_one = deliver("b", here), deliver("b", there), refresh(ONE)
    assert await ids(terminal, "dead") == [of_one, of_there, of_here]
    assert await ids(terminal, "dead", "--connection", ONE) == [of_one]
    assert await ids(terminal, "dead", "--handler", "b") == [of_there, of_here]
    assert await ids(terminal, "dead", "--status", "CONNECTED") == [of_here]
    assert await ids(terminal, "dead", "--company", "example holding", "--since", "1h") == [of_there]
    assert await ids(terminal, "dead", "--until", "1h") == [of_here]


@pytest.mark.parametrize("name", ["connections", "deliveries", "dead", "quarantine"])
async def test_what_is_not_there_is_no_failure_and_wrong_words_are(terminal: Terminal, name: str) -> None:
    assert await terminal.good(name) == "There is none.\n"
    assert await terminal.good(name, "--since", "1h") == "None is like that.\n"
    assert await terminal.read(name) == {name: [], "next": None}
    assert (await terminal.type(name, "--since", "never")).code == 2
    assert (await terminal.type(name, "--wrong")).code == 2
