"""`nectar-router events` lists accepted events, newest first: pages hold, filters find."""

from collections.abc import AsyncIterator

import pytest

from receiver.api import Rejected, Skipped
from receiver.cli.journal_commands import EventState, WorkState
from receiver.journal import Store
from receiver.journal.listing import EVENT_STATES
from receiver.journal.states import State
from tests.integration.bench import Bench, Recorder, bench
from tests.integration.kit import DOWN, ONE, PARK, REJECT, TWO, Journal, message
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
    """A router whose handlers `a` and `b` are done with whatever they are shown; `b` refuses a password."""

    async def refuse(change: object, ctx: object) -> Rejected | Skipped:
        return Rejected("it will never do") if "PASSWORD" in str(change) else Skipped("nothing to do")

    async with bench(redis_url, Recorder("a"), Recorder("b", *[refuse] * 20)) as opened:
        yield opened


async def ids(terminal: Terminal, *words: str) -> list[str]:
    """The events that a command lists."""
    return [event["id"] for event in (await terminal.read("events", *words))["events"]]


async def test_pages_have_neither_gaps_nor_duplicates_while_new_events_arrive(
    terminal: Terminal, journal: Journal
) -> None:
    """2,500 events in pages of 400, and a new one before each page."""
    receipts = await journal.accept_all([message(ONE if n % 2 else TWO) for n in range(2500)])
    expected = [receipt.event for receipt in reversed(receipts)]
    seen: list[str] = []
    after: tuple[str, ...] = ()
    while True:
        page = await terminal.read("events", "--limit", "400", *after)
        seen += [event["id"] for event in page["events"]]
        await journal.accept()
        if page["next"] is None:
            break
        assert page["next"] == seen[-1]
        after = ("--after", page["next"])
    assert seen == expected


async def test_a_page_that_ends_with_the_last_event_is_the_last(terminal: Terminal, journal: Journal) -> None:
    for _ in range(3):
        await journal.accept()
    assert (await terminal.read("events", "--limit", "3"))["next"] is None
    assert (await terminal.read("events", "--limit", "2"))["next"] is not None


async def test_a_filtered_page_is_full_however_rare_its_events_are(
    terminal: Terminal, journal: Journal
) -> None:
    """They are searched for as far back as there are events."""
    rare = []
    for _ in range(4):
        await journal.accept_all([message(ONE) for _ in range(300)])
        rare.append((await journal.accept(TWO)).event)
    found = await terminal.read("events", "--connection", TWO.upper(), "--limit", "3")
    assert [event["id"] for event in found["events"]] == rare[:0:-1]
    assert await ids(terminal, "--connection", TWO, "--after", found["next"]) == rare[:1]


async def test_lines_for_people_say_the_same(terminal: Terminal, journal: Journal) -> None:
    first = (await journal.accept()).event
    second = (await journal.accept()).event
    title, line, more = (await terminal.good("events", "--limit", "1")).splitlines()
    assert title.split() == ["received", "event", "type", "connection", "status", "state"]
    assert line.split()[2:] == [second, "connection.updated.v2", ONE, "not", "fetched", "due"]
    assert more == f"There are more: --after {second}"
    assert first in await terminal.good("events", "--after", second)


async def test_an_empty_journal_is_no_failure(terminal: Terminal) -> None:
    assert await terminal.good("events") == "There is none.\n"
    assert await terminal.read("events") == {"events": [], "next": None}


async def test_since_and_until_are_bounds(terminal: Terminal, journal: Journal) -> None:
    """An event of that very millisecond is within."""
    marks = []
    for day in (20, 21, 22):
        fields = {"message": f"msg_{day}", "type": "x", "connection": ONE, "payload": "{}", "flags": ""}
        moment = 1_795_132_800_000 + (day - 20) * 86_400_000
        marks.append(await journal.redis.xadd("nectar:events", fields, id=f"{moment}-0"))
    assert await ids(terminal, "--since", "2026-11-21") == [marks[2], marks[1]]
    assert await ids(terminal, "--until", "2026-11-21") == [marks[1], marks[0]]
    assert await ids(terminal, "--since", "2026-11-21", "--until", "2026-11-21T12:00") == [marks[1]]


async def test_types_status_and_company_filter(terminal: Terminal, running: Bench) -> None:
    """A company is called by its id, its external id or its name; a status in any case."""
    one, other = running.nectar.add("connected"), running.nectar.add("no-owner")
    running.nectar.edit(other, company={"id": None, "name": "Acme Ltd", "externalId": "A-77"})
    await running.journal.accept_all([message(one, kind="connection.created.v2"), message(other)])
    await running.work_off()
    newer, older = await ids(terminal)
    assert await ids(terminal, "--type", "connection.created.v2") == [older]
    assert await ids(terminal, "--status", "connected") == [older]
    assert await ids(terminal, "--company", "acme ltd") == [newer]
    assert await ids(terminal, "--company", "A-77", "--status", "PASSWORD_INCORRECT") == [newer]
    assert await ids(terminal, "--company", "A-77", "--status", "CONNECTED") == []


async def test_the_state_of_an_event_is_what_is_still_to_be_done(
    terminal: Terminal, journal: Journal
) -> None:
    """First its fetch, then the deliveries: the most urgent of them, or that at one handler."""

    async def state(*words: str) -> list[str]:
        return [event["state"] for event in (await terminal.read("events", *words))["events"]]

    await journal.accept()
    assert await state() == ["due"]
    taken = await journal.take_fetch()
    assert await state() == ["in-hand"]
    await journal.settle_fetch(taken, "a", "b")
    await journal.handle("a")
    assert await state() == ["due"]
    assert await state("--handler", "a") == ["handled"]
    await journal.fail(await journal.taken("b"), PARK)
    assert await state("--state", "parked", "--handler", "b") == ["parked"]
    assert await state("--state", "parked", "--handler", "a") == []
    await journal.reopen("b")
    await journal.worklist.resume("b")
    await journal.handle("b")
    assert await state() == ["handled"]


async def test_an_event_whose_fetch_is_parked_says_so(terminal: Terminal, journal: Journal) -> None:
    await journal.accept()
    await journal.fail_fetch(await journal.take_fetch(), PARK)
    await journal.accept(TWO)
    assert [row["connection"] for row in (await terminal.read("events", "--state", "parked"))["events"]] == [
        ONE
    ]


async def test_all_events_that_a_dead_letter_stands_for_are_dead(terminal: Terminal, running: Bench) -> None:
    """One that brought nothing new since, too: the state that it told of has not been handled."""
    connection = running.nectar.add("password-incorrect")
    await running.happen(connection, "msg_dead")
    await running.happen(connection, "msg_no_news")
    newer, older = (await terminal.read("events"))["events"]
    assert (newer["message"], newer["state"]) == ("msg_no_news", "dead")
    assert (older["message"], older["state"]) == ("msg_dead", "dead")
    assert await ids(terminal, "--state", "dead", "--handler", "b") == [newer["id"], older["id"]]
    assert await ids(terminal, "--state", "dead", "--handler", "a") == []


async def test_an_unknown_value_is_listed_with_its_field(terminal: Terminal, journal: Journal) -> None:
    flagged = message()
    await journal.accept_all([type(flagged)(flagged.id, "x", ONE, b"{}", {"status": ["NEW_ONE"]})])
    [event] = (await terminal.read("events"))["events"]
    assert event["unknown"] == {"status": ["NEW_ONE"]}


@pytest.mark.parametrize(
    "words",
    [
        ["--state", "broken"],
        ["--since", "yesterday"],
        ["--limit", "0"],
        ["--after", "nowhere"],
        ["--handler", "nobody"],
        ["an-argument"],
    ],
)
async def test_wrong_usage_ends_with_2(terminal: Terminal, words: list[str]) -> None:
    said = await terminal.type("events", *words)
    assert said.code == 2
    assert words[-1] in said.output or words[0] in said.output


def test_the_words_for_states_are_the_journals() -> None:
    """They are written out on the command line, so that `--help` need not read the journal's modules."""
    assert EventState.__args__ == EVENT_STATES  # type: ignore[attr-defined]  # a Literal has them
    assert WorkState.__args__ == tuple(State)  # type: ignore[attr-defined]  # a Literal has them


async def test_retries_are_due(terminal: Terminal, journal: Journal) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), DOWN)
    [event] = (await terminal.read("events", "--state", "due", "--handler", "a"))["events"]
    assert event["connection"] == ONE


async def test_a_state_that_no_work_is_in_is_known_without_a_look_at_the_events(
    terminal: Terminal, journal: Journal
) -> None:
    """However many there are. Where there is such work, the events of its connection are looked for."""
    receipts = [await journal.accept(each) for each in (ONE, TWO, ONE)]
    looks = await _walks(journal.store)

    for state in ("dead", "parked"):
        assert await ids(terminal, "--state", state) == []
    assert await _walks(journal.store) == looks

    await journal.fail_fetch(await journal.take_fetch(), PARK)
    assert set(await ids(terminal, "--state", "parked")) < {receipt.event for receipt in receipts}
    assert await _walks(journal.store) > looks


async def test_all_events_in_a_state_are_listed_back_to_the_first(
    terminal: Terminal, journal: Journal
) -> None:
    """Whichever handler or connection has been in trouble for longer, and none that was handled before."""

    async def dies(name: str, connection: str) -> None:
        await journal.fail(await journal.taken(name, connection), REJECT)

    await journal.fetch("a", "b", connection=TWO)
    await journal.handle("a", connection=TWO)
    await journal.handle("b", connection=TWO)
    await journal.fetch("a", "b", connection=TWO)
    await journal.handle("a", connection=TWO)
    await dies("b", TWO)
    await journal.fetch("a", connection=TWO)
    await dies("a", TWO)
    newest_first = await ids(terminal)
    assert await ids(terminal, "--state", "dead") == newest_first[:2]

    await journal.fetch("a")
    await journal.handle("a")
    await journal.fetch("a")
    await dies("a", ONE)
    newest_first = await ids(terminal)
    assert await ids(terminal, "--state", "dead") == [newest_first[0], *newest_first[2:4]]


async def _walks(store: Store) -> int:
    """How often a piece of a stream has been read backwards."""
    stats = await store.redis.info("commandstats")
    return int(stats.get("cmdstat_xrevrange", {"calls": 0})["calls"])
