"""`nectar-router replay` shows again what one chooses: one, many, a time, what failed, to some handlers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from receiver.api import Change, Context, Outcome, Rejected
from receiver.journal import Store, deliver, refresh
from receiver.journal.store import key
from tests.integration.bench import Bench, Recorder, bench
from tests.integration.kit import ONE, REJECT, THREE, TWO, Journal, message
from tests.integration.typed import Terminal
from tests.integration.webhooks import until

pytestmark = pytest.mark.anyio


@dataclass
class Scene:
    """A router whose handler `a` takes all, and whose `b` takes nothing the first time."""

    running: Bench
    a: Recorder
    b: Recorder
    terminal: Terminal
    here: str
    there: str

    async def shown(self, *words: str, code: int = 0) -> dict[str, list[str]]:
        """Replay, work off what is due, and what each handler was shown by that."""
        before = len(self.a.shown), len(self.b.shown)
        said = await self.terminal.type("replay", *words)
        assert said.code == code, said.output
        await self.running.work_off()
        return {
            name: sorted(str(change.connection.id) for change in recorder.shown[number:])
            for name, recorder, number in (("a", self.a, before[0]), ("b", self.b, before[1]))
        }


async def refuse(change: Change, ctx: Context) -> Outcome:
    return Rejected("not the first time")


@pytest.fixture
async def scene(redis_url: str) -> AsyncIterator[Scene]:
    """Two connections, two events each: `msg_1` and `msg_2` here, `msg_3` and `msg_4` there."""
    a, b = Recorder("a"), Recorder("b", refuse, refuse)
    async with bench(redis_url, a, b) as running:
        here, there = running.nectar.add("connected"), running.nectar.add("password-incorrect")
        for number, connection in enumerate([here, here, there, there], 1):
            await running.happen(connection, f"msg_{number}")
        yield Scene(running, a, b, Terminal(redis_url, "a,b"), here, there)


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store, max_backlog=100_000)


async def test_one_event(scene: Scene) -> None:
    """It is fetched once, and shown to all that are enabled, though nothing has changed."""
    fetches = len(scene.running.nectar.requests.matching("/details"))
    assert await scene.shown("msg_1") == {"a": [scene.here], "b": [scene.here]}
    assert len(scene.running.nectar.requests.matching("/details")) == fetches + 1


async def test_many_events_of_one_connection_are_one_replay(scene: Scene) -> None:
    assert await scene.shown("msg_1", "msg_2", scene.here) == {"a": [scene.here], "b": [scene.here]}


async def test_by_whatever_id_one_has(scene: Scene) -> None:
    """A mark, a message, a connection."""
    mark = (await scene.terminal.read("show", "msg_3"))["event"]["id"]
    for name in (mark, "msg_3", scene.there):
        assert await scene.shown(name) == {"a": [scene.there], "b": [scene.there]}


async def test_a_dead_letter_by_its_name_goes_to_its_own_handler(scene: Scene) -> None:
    assert await scene.shown(deliver("b", scene.here)) == {"a": [], "b": [scene.here]}
    assert [row["connection"] for row in (await scene.terminal.read("dead"))["dead"]] == [scene.there]


async def test_only_some_handlers(scene: Scene) -> None:
    assert await scene.shown("msg_1", "msg_3", "--handler", "a") == {
        "a": sorted([scene.here, scene.there]),
        "b": [],
    }


async def test_a_time_range(scene: Scene) -> None:
    redis = scene.running.journal.redis
    await redis.delete(key("events"))
    for mark, connection in (("1000-1", scene.here), ("2000-1", scene.there), ("2000-2", scene.there)):
        fields = {"message": mark, "type": "x", "connection": connection, "payload": "{}", "flags": ""}
        await redis.xadd(key("events"), fields, id=mark)
    assert (await scene.shown("--until", "1970-01-01T00:00:01", "--handler", "a"))["a"] == [scene.here]
    since = ("--since", "1970-01-01T00:00:01.500")
    assert (await scene.shown(*since, "--handler", "a"))["a"] == [scene.there]
    plan = await scene.terminal.read("replay", *since, "--dry-run")
    assert plan["events"] == 2
    assert (await scene.shown(*since, "--connection", scene.here, "--handler", "a"))["a"] == []


async def test_a_connection_alone(scene: Scene) -> None:
    assert (await scene.shown("--connection", scene.there))["a"] == [scene.there]
    assert (await scene.terminal.type("replay", "--connection", ONE)).code == 1


async def test_only_what_failed(scene: Scene) -> None:
    """Nothing that a handler was done with is shown to it again."""
    assert await scene.shown("--failed") == {"a": [], "b": sorted([scene.here, scene.there])}
    assert (await scene.terminal.read("dead"))["dead"] == []
    assert await scene.terminal.good("replay", "--failed") == "There is nothing to replay.\n"


async def test_of_an_event_only_what_failed(scene: Scene) -> None:
    assert await scene.shown("msg_1", "--failed") == {"a": [], "b": [scene.here]}
    assert await scene.shown("msg_1", "--failed") == {"a": [], "b": []}


async def test_what_failed_in_a_time_of_a_connection_or_at_a_handler(scene: Scene) -> None:
    await scene.running.journal.redis.zadd(key("dead"), {deliver("b", scene.here): 1000})

    async def planned(*words: str) -> list[str]:
        plan = await scene.terminal.read("replay", "--failed", "--dry-run", *words)
        return [connection["id"] for connection in plan["connections"]]

    assert await planned("--since", "1h") == [scene.there]
    assert await planned("--until", "1h") == [scene.here]
    assert await planned("--connection", scene.here) == [scene.here]
    assert await planned("--handler", "a") == []
    assert await planned("--handler", "b") == [scene.there, scene.here]


async def test_a_fetch_that_failed_is_fetched_and_shown_to_whom_it_concerns(scene: Scene) -> None:
    running = scene.running
    running.nectar.edit(scene.here, url="https://new.example")
    await running.journal.accept(scene.here)
    await running.journal.fail_fetch(await running.journal.take_fetch(scene.here), REJECT)
    plan = await scene.terminal.good("replay", refresh(scene.here), "--dry-run")
    assert "a fetch, and whom it concerns" in plan
    assert await scene.shown(refresh(scene.here)) == {"a": [scene.here], "b": [scene.here]}


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(scene: Scene) -> None:
    before = await scene.running.journal.dump()
    lines = await scene.terminal.good("replay", "msg_1", "msg_2", "msg_3", "--dry-run", "--rate", "0.5")
    assert lines.splitlines() == [
        "Would replay 2 connections of 3 events in 4.0 s, at 0.5 a second:",
        f"  {scene.here}  a, b",
        f"  {scene.there}  a, b",
    ]
    plan = await scene.terminal.read("replay", "--since", "1h", "--dry-run")
    assert plan == {
        "dry_run": True,
        "events": 4,
        "connections": [{"id": each, "handlers": ["a", "b"]} for each in (scene.here, scene.there)],
        "quarantined": [],
    }
    assert await scene.running.journal.dump() == before


async def test_where_no_handler_is_enabled_it_goes_to_those_that_know_the_connection(scene: Scene) -> None:
    """As on an operator's own machine, whose environment has only REDIS_URL."""
    elsewhere = Terminal(scene.terminal.redis_url)
    plan = await elsewhere.read("replay", "msg_1", "--dry-run")
    assert plan["connections"] == [{"id": scene.here, "handlers": ["a", "b"]}]


async def test_a_long_list_is_cut_for_people_only(journal: Journal, redis_url: str) -> None:
    terminal = Terminal(redis_url, "a")
    await journal.accept_all([message(f"{number:08}{ONE[8:]}") for number in range(30)])
    lines = (await terminal.good("replay", "--since", "1h", "--dry-run")).splitlines()
    assert lines[-1] == "  and 10 more"
    plan = await terminal.read("replay", "--since", "1h", "--dry-run")
    assert len(plan["connections"]) == 30


async def test_it_waits_while_too_much_is_waiting_already(journal: Journal, redis_url: str) -> None:
    """Half of MAX_BACKLOG is left to Nectar's webhooks."""
    terminal = Terminal(redis_url, "a")
    for connection in (ONE, TWO, THREE):
        await journal.fetch(connection=connection)
    replaying = asyncio.create_task(
        terminal.good("replay", ONE, TWO, THREE, "--rate", "10000", MAX_BACKLOG="4")
    )
    await until(lambda backlog: backlog >= 2, journal.gauges.backlog)
    await asyncio.sleep(0.5)
    assert await journal.gauges.backlog() == 2
    assert not replaying.done()
    await journal.settle_fetch(await journal.take_fetch(ONE), changed=())
    await journal.handle("a", connection=ONE)
    output = await replaying
    assert "Waiting: the backlog is 2 already." in output
    assert await journal.lists(refresh(THREE)) == {"due"}


async def test_one_unknown_id_among_others_and_nothing_is_done(scene: Scene) -> None:
    before = await scene.running.journal.dump()
    said = await scene.terminal.type("replay", "msg_1", "msg_nobody", "9-9")
    assert said.code == 1
    assert said.output.startswith("Nothing is known of msg_nobody, 9-9.")
    assert await scene.running.journal.dump() == before


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--handler", "a"],
        ["msg_1", "--since", "1h"],
        ["msg_1", "--connection", ONE],
        ["msg_1", "--handler", "nobody"],
        ["msg_1", "--rate", "0"],
        ["--since", "soon"],
    ],
)
async def test_wrong_usage_ends_with_2(scene: Scene, words: list[str]) -> None:
    before = await scene.running.journal.dump()
    assert (await scene.terminal.type("replay", *words)).code == 2
    assert await scene.running.journal.dump() == before
