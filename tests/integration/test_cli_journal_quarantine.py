"""What lies in the quarantine is listed, shown, and validated anew when it is replayed."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from receiver.cli.output import Failed
from receiver.cli.reading import Journal as OpenJournal
from receiver.cli.readmitting import readmit
from receiver.journal import Store
from receiver.settings import Settings
from receiver.telemetry import Redactor
from tests.integration.bench import Bench, Recorder, bench
from tests.integration.kit import Journal
from tests.integration.typed import Terminal
from tests.integration.webhooks import Router, payload

pytestmark = pytest.mark.anyio

UPGRADED: list[dict[str, Any]] = [{"location": "status", "reason": "an older release did not take it"}]


@pytest.fixture
def terminal(redis_url: str) -> Terminal:
    return Terminal(redis_url, "a")


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


@dataclass
class Scene:
    """A running router, and a message in its quarantine that fits by now."""

    running: Bench
    a: Recorder
    connection: str


@pytest.fixture
async def scene(redis_url: str) -> AsyncIterator[Scene]:
    a = Recorder("a")
    async with bench(redis_url, a) as running:
        connection = running.nectar.add("connected")
        body = json.dumps({"id": connection, "eventType": "connection.updated.v2"}).encode()
        await running.journal.intake.quarantine("msg_upgraded", body, UPGRADED)
        yield Scene(running, a, connection)


async def in_quarantine(terminal: Terminal) -> list[str]:
    return [row["id"] for row in (await terminal.read("quarantine"))["quarantine"]]


async def test_a_message_is_listed_with_what_is_wrong_with_it(terminal: Terminal, router: Router) -> None:
    for _ in range(2):
        await router.post(payload(status=7, accounts="none"), "msg_misfit")
    [row] = (await terminal.read("quarantine"))["quarantine"]
    assert (row["id"], row["times"]) == ("msg_misfit", 2)
    assert sorted(error["location"] for error in row["errors"]) == ["accounts", "status"]
    assert row["first"] <= row["last"]
    line = (await terminal.good("quarantine")).splitlines()[1]
    assert "msg_misfit  2      " in line
    assert line.endswith("(and 1 more)")


async def test_pages_and_times(terminal: Terminal, journal: Journal) -> None:
    for number in range(5):
        await journal.intake.quarantine(f"msg_{number}", b"{}", UPGRADED)
        await journal.redis.zadd("nectar:quarantine", {f"msg_{number}": 1000 * number + 1000})
    first = await terminal.read("quarantine", "--limit", "2")
    assert [row["id"] for row in first["quarantine"]] == ["msg_4", "msg_3"]
    second = await terminal.read("quarantine", "--limit", "3", "--after", first["next"])
    assert [row["id"] for row in second["quarantine"]] == ["msg_2", "msg_1", "msg_0"]
    assert second["next"] is None
    bounds = ("--since", "1970-01-01T00:00:02", "--until", "1970-01-01T00:00:03")
    found = await terminal.read("quarantine", *bounds)
    assert [row["id"] for row in found["quarantine"]] == ["msg_2", "msg_1"]


async def test_its_story_has_every_error_and_the_payload(terminal: Terminal, router: Router) -> None:
    """The payload without what is personal."""
    await router.post(payload(status=7, username="pat@acme.example"), "msg_misfit")
    lines = await terminal.good("show", "msg_misfit")
    assert lines.startswith("Message msg_misfit: in the quarantine\n")
    assert "  status: Input should be" in lines
    story = (await terminal.read("show", "msg_misfit"))["quarantined"]
    assert story["payload"]["status"] == 7
    assert story["payload"]["username"] == "[redacted]"


async def test_one_that_fits_now_is_accepted_and_goes_its_way(terminal: Terminal, scene: Scene) -> None:
    lines = await terminal.good("replay", "msg_upgraded")
    [event] = (await terminal.read("events"))["events"]
    assert lines == f"Message msg_upgraded fits now, accepted as event {event['id']}.\n"
    assert await in_quarantine(terminal) == []
    await scene.running.work_off()
    [change] = scene.a.shown
    assert [one.id for one in change.events] == ["msg_upgraded"]
    assert (await terminal.read("show", "msg_upgraded"))["event"]["state"] == "handled"


async def test_one_that_still_does_not_fit_ends_with_1_and_stays(terminal: Terminal, router: Router) -> None:
    await router.post(payload(status=7), "msg_misfit")
    said = await terminal.type("replay", "msg_misfit")
    assert said.code == 1
    assert said.output.startswith("Message msg_misfit does not fit: status: Input should be")
    assert await in_quarantine(terminal) == ["msg_misfit"]


async def test_a_dry_run_only_says_which_would_fit(terminal: Terminal, scene: Scene, router: Router) -> None:
    await router.post(payload(status=7), "msg_misfit")
    said = await terminal.type("replay", "--failed", "--dry-run", "--json")
    assert said.code == 1
    verdicts = {one["id"]: one["problem"] for one in said.document["quarantined"]}
    assert verdicts["msg_upgraded"] is None
    assert verdicts["msg_misfit"].startswith("does not fit: status")
    assert "Message msg_upgraded fits now." in await terminal.good("replay", "msg_upgraded", "--dry-run")
    assert len(await in_quarantine(terminal)) == 2


async def test_what_failed_includes_the_quarantine_unless_something_else_is_named(
    terminal: Terminal, scene: Scene
) -> None:
    for words in (["--handler", "a"], ["--connection", scene.connection], ["--until", "1h"]):
        assert (await terminal.read("replay", "--failed", *words))["quarantined"] == []
    [verdict] = (await terminal.read("replay", "--failed"))["quarantined"]
    assert verdict["event"]
    assert await in_quarantine(terminal) == []


async def test_one_that_was_accepted_before_is_not_run_again(terminal: Terminal, scene: Scene) -> None:
    receipt = await scene.running.journal.accept(scene.connection, "msg_upgraded")
    body = json.dumps({"id": scene.connection}).encode()
    await scene.running.journal.intake.quarantine("msg_upgraded", body, UPGRADED)
    said = await terminal.type("replay", "msg_upgraded")
    assert said.code == 1
    assert f"has been accepted before, as event {receipt.event}" in said.output


async def test_one_that_is_of_no_connection_after_all_says_so(terminal: Terminal, journal: Journal) -> None:
    body = b'{"id": 7, "eventType": "document.created.v2"}'
    await journal.intake.quarantine("msg_document", body, UPGRADED)
    said = await terminal.type("replay", "msg_document")
    assert (said.code, said.output) == (
        1,
        "Message msg_document is not an event of a connection, but document.created.v2.\n",
    )


async def test_promise_9_an_overloaded_router_does_not_take_it(scene: Scene, redis_url: str) -> None:
    """It stays where it is, and the command says that it is safe to repeat."""
    store = scene.running.journal.store
    await scene.running.journal.accept(scene.connection)
    full = OpenJournal(store, Settings(max_backlog=1), Redactor(), ["a"])
    with pytest.raises(Failed, match="safe to repeat"):
        await readmit(full, "msg_upgraded", dry=False)
    assert await in_quarantine(Terminal(redis_url)) == ["msg_upgraded"]
    gone = await readmit(full, "msg_nobody", dry=False)
    assert gone.problem == "lies in the quarantine no longer"
