"""`nectar-router handlers` says how each handler is doing, as the journal knows it."""

import socket
from typing import Any

import pytest

from receiver.journal import Setback, Store
from tests.integration.kit import PARK, REJECT, Journal
from tests.integration.typed import Terminal

pytestmark = pytest.mark.anyio


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


async def listed(terminal: Terminal, **variables: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in (await terminal.read("handlers", **variables))["handlers"]}


async def test_a_handler_that_nothing_troubles_is_good(redis_url: str) -> None:
    found = await listed(Terminal(redis_url, "log"))
    assert found["log"]["health"] == {
        "breaker": "closed",
        "since": None,
        "reason": "",
        "parked": 0,
        "dead": 0,
    }
    assert "health    good" in await Terminal(redis_url, "log").good("handlers")


async def test_an_open_breaker_says_since_when_and_why_and_what_waits_for_it(
    redis_url: str, journal: Journal
) -> None:
    await journal.fetch("log", connection="c1")
    await journal.fetch("log", connection="c2")
    await journal.fail(await journal.taken("log", "c1"), PARK)
    assert await journal.take("log", "c2") is None
    health = (await listed(Terminal(redis_url, "log")))["log"]["health"]
    assert (health["breaker"], health["reason"]) == ("open", PARK.reason)
    assert (health["parked"], health["dead"]) == (2, 0)
    assert health["since"].endswith("Z")
    told = await Terminal(redis_url, "log").good("handlers")
    assert f"): {PARK.reason}; 2 parked" in told


async def test_dead_letters_are_counted_for_each_handler_and_there_is_a_way_to_them(
    redis_url: str, journal: Journal
) -> None:
    for connection in ("c1", "c2"):
        await journal.fetch("log", "email", connection=connection)
        await journal.fail(await journal.taken("log", connection), REJECT)
    await journal.fail(await journal.taken("email", "c1"), REJECT)
    found = await listed(Terminal(redis_url))
    assert (found["log"]["health"]["dead"], found["email"]["health"]["dead"]) == (2, 1)
    told = await Terminal(redis_url).good("handlers")
    assert "2 dead letters (`nectar-router dead --handler log`)" in told


async def test_shadow_mode_has_a_health_of_its_own(redis_url: str, journal: Journal) -> None:
    await journal.fetch("log.shadow", connection="c1")
    await journal.fail(await journal.taken("log.shadow", "c1"), REJECT)
    log = (await listed(Terminal(redis_url, "log:shadow")))["log"]
    assert (log["enabled"], log["shadow"]) == (True, True)
    assert (log["health"]["dead"], log["shadow_health"]["dead"]) == (0, 1)
    assert "in shadow breaker closed; 1 dead letter " in await Terminal(redis_url, "log:shadow").good(
        "handlers"
    )


async def test_no_secret_in_a_reason_is_shown(redis_url: str, store: Store, journal: Journal) -> None:
    """Whatever came into the journal, by an older release or by hand."""
    await journal.fetch("email", connection="c1")
    claim, pending = await journal.taken("email", "c1")
    reason = "see https://dash.nectarclimate.com/p/i/hush-hush and jo.doe@acme.example"
    await journal.fail((claim, pending), Setback("park", reason))
    told = await Terminal(redis_url, "email").good("handlers")
    assert "hush-hush" not in told
    assert "jo.doe" not in told


async def test_without_redis_the_health_is_unknown_and_all_else_is_there() -> None:
    terminal = Terminal("redis://127.0.0.1:1/0", "log")
    found = await listed(terminal)
    assert found["log"]["health"] == {"breaker": "unknown", "reason": "Redis is away (ConnectionError)"}
    assert found["email"]["options"]
    assert "unknown: Redis is away" in await terminal.good("handlers")


async def test_a_redis_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        terminal = Terminal(f"redis://127.0.0.1:{mute.getsockname()[1]}/0", "log")
        found = await listed(terminal)
    assert found["log"]["health"]["reason"] == "Redis is away (no answer within 1.5 s)"


async def test_settings_that_cannot_be_read_leave_the_health_unknown() -> None:
    found = await listed(Terminal("http://127.0.0.1:1", "log"))
    assert found["log"]["health"]["reason"].startswith("REDIS_URL: must begin with")
