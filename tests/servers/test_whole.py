"""The whole router, as it is deployed, and a real Redmine."""

import asyncio
import random
import re
import secrets
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from handlers.ticketing.memory import key_of
from tests.e2e.cli import nectar_router
from tests.e2e.crew import crew
from tests.e2e.system import system
from tests.handlers.test_ticketing_walks import is_part_of
from tests.handlers.ticketing_town import told
from tests.servers.redmine_place import RedminePlace

pytestmark = pytest.mark.anyio

CONNECTIONS, EVENTS, KILLS = 200, 700, 6
STATUSES = (
    "PASSWORD_INCORRECT",
    "MFA_TOKEN_EXPIRED",
    "OTHER_ERROR",
    "UNDER_INVESTIGATION",
    "CONNECTED",
    "CONNECTED",
)
ASKS = ("PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "OTHER_ERROR")
PATIENCE = 240


def variables(redmine: RedminePlace, **more: str) -> dict[str, str]:
    """The handler's options, as an operator sets them."""
    usual = {
        "URL": redmine.server.url,
        "API_KEY": redmine.server.keys["router"],
        "PROJECT": "utilities",
        "KEY_FIELD": "Nectar key",
    }
    return {f"REDMINE_{name}": value for name, value in (usual | more).items()}


def texts_of(issue: Mapping[str, Any]) -> list[str]:
    """All that we wrote in an issue, oldest first."""
    return [issue["description"], *(journal["notes"] for journal in issue["journals"] if journal["notes"])]


def test_the_reconnect_story_is_one_ticket_opened_and_solved(redmine: RedminePlace, tmp_path: Path) -> None:
    """As `./deploy/local --once --handlers email,redmine`, found so through Redmine's own API."""
    word = f"story{secrets.token_hex(4)}"
    more = variables(redmine, SUBJECT=f"{word} {{{{ problem }}}}")
    done = nectar_router(tmp_path, "dev", "--once", "--handlers", "email,redmine", **more)
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = redmine.issues("subject", f"~{word}")
    issue = redmine.issue(found["id"])
    assert issue["subject"] == f"{word} the password is incorrect"
    assert issue["status"]["is_closed"]
    assert [told(text) for text in texts_of(issue)] == ["PASSWORD_INCORRECT", "CONNECTED"]
    changes = [detail["name"] for journal in issue["journals"] for detail in journal["details"]]
    assert changes == ["status_id"]
    owner = re.search(r"[\w.+-]+@[\w.-]+", str(issue))
    assert owner is None, owner


def pages(redmine: RedminePlace, keys: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Key and issue of all tickets of these connections, with what is written in them."""
    with redmine.server.api() as api:
        offset = 0
        while True:
            params = {"status_id": "*", "sort": "id", "limit": "100", "offset": str(offset)}
            found = api.get("/issues.json", params=params).json()["issues"]
            for issue in found:
                values = [each["value"] for each in issue.get("custom_fields", [])]
                for key in keys.intersection(values):
                    yield key, redmine.issue(issue["id"])
            if len(found) < 100:
                return
            offset += len(found)


async def test_200_connections_break_and_heal_while_workers_are_killed(
    redmine: RedminePlace, tmp_path: Path
) -> None:
    """In the end the right tickets are open, none is doubled, each tells all once and in order."""
    chance = random.Random(7)
    more = variables(redmine, CONCURRENCY="4")
    async with system(tmp_path, workers=0, HANDLERS="redmine", **more) as running, crew(running) as hands:
        nectar = running.nectar
        ids = [nectar.add("connected") for _ in range(CONNECTIONS)]
        history = {each: ["CONNECTED"] for each in ids}
        for number in range(EVENTS):
            one = chance.choice(ids)
            history[one].append(chance.choice(STATUSES))
            for message in await nectar.change(one, "connection.validated.v2", status=history[one][-1]):
                if chance.random() < 0.2:
                    nectar.start(nectar.sender.attempt(message))
            if number % (EVENTS // KILLS) == 50:
                await asyncio.to_thread(hands.kill_one, chance)
            await asyncio.sleep(0.04)
        await nectar.settled()
        async with asyncio.timeout(PATIENCE):
            while (gauges := await running.gauges()).due or any(each.parked for each in gauges.breakers):
                await asyncio.sleep(0.5)
        assert (gauges.dead, gauges.quarantined) == (0, 0), running.output.read_text()[-3000:]
    connections = {key_of(UUID(one)): one for one in ids}
    issues = [*pages(redmine, set(connections))]
    assert len({key for key, _ in issues}) == len(issues), "a connection has two tickets"
    open_ones = {connections[key] for key, issue in issues if not issue["status"]["is_closed"]}
    for one in ids:
        _judge(history[one], one in open_ones)
    for key, issue in issues:
        said = [told(text) for text in texts_of(issue)]
        steps = [int(text.rpartition(" / ")[0].rpartition(" / ")[2]) for text in texts_of(issue)]
        assert is_part_of(said, history[connections[key]])
        assert all(a != b for a, b in pairwise(said)), said
        assert all(a < b for a, b in pairwise(steps)), steps


def _judge(history: list[str], is_open: bool) -> None:
    """One that asks for a ticket has one open, one that works has none."""
    asking = [status for status in history if status != "UNDER_INVESTIGATION"]
    if history[-1] != "UNDER_INVESTIGATION":
        assert is_open == (asking[-1] in ASKS), history
