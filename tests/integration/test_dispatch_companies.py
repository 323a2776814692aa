"""`ctx.company_connections()`: all connections of a company, never older than what a handler was shown."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from receiver.api import Change, Context, Done, Outcome
from receiver.nectar import PAGE
from receiver.simulator import Fault
from tests.integration.bench import Answer, Bench, Recorder, bench

pytestmark = pytest.mark.anyio

COMPANY = {"id": "0f6e7a5e-6d0b-4a53-8f5a-3b3b6c7a9d10", "name": "Northwind"}
OTHER = {"id": str(uuid4()), "name": "Southwind"}


def lists(found: list[list[str]], company: dict[str, str] = COMPANY) -> Answer:
    """A handler that notes the statuses of a company's connections."""

    async def ask(change: Change, ctx: Context[Any]) -> Outcome:
        connections = await ctx.company_connections(UUID(company["id"]))
        assert all(each.connection_magic_link_secret is None for each in connections)
        found.append(sorted(str(each.status) for each in connections))
        return Done()

    return ask


def asked(running: Bench) -> int:
    """How often Nectar was asked for a list."""
    return len(running.nectar.requests.matching("/connection/company/"))


async def test_all_are_listed_those_too_that_never_had_an_event(redis_url: str) -> None:
    found: list[list[str]] = []
    async with bench(redis_url, Recorder("a", lists(found))) as running:
        running.nectar.add("password-incorrect", company=COMPANY)
        running.nectar.add("connected", company=OTHER)
        await running.happen(running.nectar.add("connected", company=COMPANY))
    assert found == [["CONNECTED", "PASSWORD_INCORRECT"]]


async def test_a_company_of_many_pages_is_listed_to_the_end(redis_url: str) -> None:
    found: list[list[str]] = []
    async with bench(redis_url, Recorder("a", lists(found))) as running:
        for _ in range(PAGE + 1):
            connection = running.nectar.add("connected", company=COMPANY)
        await running.happen(connection)
        assert len(found[0]) == PAGE + 1
        assert asked(running) == 2


async def test_a_company_that_nectar_does_not_know_has_none(redis_url: str) -> None:
    found: list[list[str]] = []
    async with bench(redis_url, Recorder("a", lists(found, OTHER))) as running:
        await running.happen(running.nectar.add("connected", company=COMPANY))
    assert found == [[]]


async def test_deliveries_that_follow_from_the_same_changes_share_one_list(redis_url: str) -> None:
    found: list[list[str]] = []
    one = Recorder("a", *[lists(found)] * 40)
    async with bench(redis_url, one) as running:
        connections = [running.nectar.add("connected", company=COMPANY) for _ in range(20)]
        for connection in connections:
            await running.journal.accept(connection)
        await asyncio.gather(*(running.dispatch.refresh(connection) for connection in connections))
        await running.work_off()
        assert found == [["CONNECTED"] * 20] * 20
        assert asked(running) == 1


async def test_a_list_is_never_older_than_what_a_handler_was_shown(redis_url: str) -> None:
    found: list[list[str]] = []
    async with bench(redis_url, Recorder("a", *[lists(found)] * 2)) as running:
        connection = running.nectar.add("connected", company=COMPANY)
        await running.happen(connection)
        await running.happen(connection, status="PASSWORD_INCORRECT")
    assert found == [["CONNECTED"], ["PASSWORD_INCORRECT"]]


async def test_a_connection_that_moves_makes_the_lists_of_both_companies_old(redis_url: str) -> None:
    found: list[list[str]] = []
    async with bench(redis_url, Recorder("a", *[lists(found)] * 2)) as running:
        connection = running.nectar.add("connected", company=COMPANY)
        await running.happen(connection)
        await running.happen(connection, company=OTHER)
    assert found == [["CONNECTED"], []]


async def test_while_nectar_is_down_the_delivery_waits_and_uses_up_no_attempt(redis_url: str) -> None:
    found: list[list[str]] = []
    one = Recorder("a", *[lists(found)] * 3)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("connected", company=COMPANY)
        await running.journal.accept(connection)
        await running.dispatch.refresh(connection)
        running.nectar.faults.set(Fault(status=503, path="/connection/company/"))
        await running.dispatch.deliver("a", connection)
        assert found == []
        running.nectar.faults.clear()
        await running.pass_time()
    assert found == [["CONNECTED"]]
    assert [each.attempt for each in one.contexts] == [1, 1]
