"""The `hubspot` handler against an account that speaks as HubSpot documents it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from handlers.hubspot import Options, hubspot
from receiver.api import Done, Outcome, Skipped
from receiver.testing import make_change
from tests.handlers.crm_world import ACME, BOLT, Nectar, context
from tests.handlers.fake_hubspot import FakeHubSpot

pytestmark = pytest.mark.anyio

READ, UPSERT = (f"/crm/objects/2026-03/companies/batch/{what}" for what in ("read", "upsert"))


@pytest.fixture
async def account() -> AsyncIterator[FakeHubSpot]:
    async with FakeHubSpot().serving() as fake:
        assert isinstance(fake, FakeHubSpot)
        yield fake


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def tell(
    options: Options,
    http: httpx.AsyncClient,
    nectar: Nectar,
    connection: Any,
    memory: dict[str, JsonValue] | None = None,
) -> Outcome:
    """Deliver a connection to HubSpot."""
    change = make_change(nectar.connections[connection])
    return await hubspot(change, context(options, nectar, memory, http))


async def test_a_new_company_is_made_and_shows_its_connections(
    account: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    nectar = Nectar()
    nectar.connect("CONNECTED")
    shown = nectar.connect("PASSWORD_INCORRECT", status_first_seen_time="2025-11-03T06:00:00Z")
    outcome = await tell(account.options(link="https://r.example/{key}"), http, nectar, shown)
    assert account.record("companies", "nectar_company_id", "ACME-1") == {
        "nectar_company_id": "ACME-1",
        "name": "Acme",
        "nectar_connections": "2",
        "nectar_connected": "1",
        "nectar_needing_action": "1",
        "nectar_worst_status": "PASSWORD_INCORRECT",
        "nectar_since": "2025-11-03T06:00:00Z",
        "nectar_checked": "2025-11-03T06:00:00Z",
        "nectar_link": "https://r.example/ACME-1",
    }
    assert outcome == Done("9000")
    assert account.paths == [READ, UPSERT]


async def test_a_company_that_is_there_keeps_its_name(account: FakeHubSpot, http: httpx.AsyncClient) -> None:
    account.add("companies", nectar_company_id="ACME-1", name="Acme Holdings Inc.")
    nectar = Nectar()
    assert await tell(account.options(), http, nectar, nectar.connect()) == Done("9000")
    record = account.record("companies", "nectar_company_id", "ACME-1")
    assert (record["name"], record["nectar_connections"]) == ("Acme Holdings Inc.", "1")


async def test_what_says_all_that_already_is_not_written_again(
    account: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    nectar, options = Nectar(), account.options()
    shown = nectar.connect()
    await tell(options, http, nectar, shown)
    account.record("companies", "nectar_company_id", "ACME-1")["nectar_since"] = "2025-11-03T06:00:00.000Z"
    assert await tell(options, http, nectar, shown) == Done("9000")
    assert account.paths == [READ, UPSERT, READ]


async def test_no_company_is_made_where_none_is_wanted(account: FakeHubSpot, http: httpx.AsyncClient) -> None:
    nectar = Nectar()
    outcome = await tell(account.options(create=False), http, nectar, nectar.connect())
    assert isinstance(outcome, Skipped)
    assert "HUBSPOT_CREATE" in outcome.reason
    assert account.records["companies"] == {}


async def test_two_hundred_and_fifty_companies_are_written_in_batches_of_a_hundred(
    account: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    nectar, options = Nectar(), account.options()
    companies = [
        {**ACME, "id": f"00000000-0000-0000-0000-{n:012}", "externalId": f"C-{n}"} for n in range(250)
    ]
    shown = [nectar.connect(company=each) for each in companies]
    outcomes = await asyncio.gather(*(tell(options, http, nectar, each) for each in shown))
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert len(account.records["companies"]) == 250
    sizes = [len(json.loads(each.content)["inputs"]) for each in account.requests if each.url.path == UPSERT]
    assert sizes == [100, 100, 50]


async def test_owners_are_shown_on_their_contacts_where_that_is_wanted(
    account: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    account.add("contacts", email="her@acme.example", firstname="Her")
    nectar = Nectar()
    nectar.connect("PASSWORD_INCORRECT", workflow_owner_email="Her@acme.example")
    shown = nectar.connect("CONNECTED", workflow_owner_email="him@acme.example")
    await tell(account.options(contacts=True), http, nectar, shown)
    her, him = (account.record("contacts", "email", f"{who}@acme.example") for who in ("her", "him"))
    assert (her["firstname"], her["nectar_company"], her["nectar_needing_action"]) == ("Her", "Acme", "1")
    assert (him["nectar_connections"], him["nectar_needing_action"]) == ("1", "0")


async def test_an_owner_who_is_none_any_more_is_shown_with_nothing(
    account: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    nectar, options, memory = Nectar(), account.options(contacts=True), dict[str, JsonValue]()
    shown = nectar.connect(workflow_owner_email="her@acme.example")
    await tell(options, http, nectar, shown, memory)
    nectar.edit(shown, workflow_owner_email="him@acme.example")
    await tell(options, http, nectar, shown, memory)
    assert account.record("contacts", "email", "her@acme.example")["nectar_connections"] == "0"


async def test_contacts_are_left_alone_where_they_are_not_wanted(
    account: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    nectar = Nectar()
    await tell(account.options(), http, nectar, nectar.connect())
    assert account.records["contacts"] == {}
    assert not any("contacts" in path for path in account.paths)


async def test_another_version_of_the_api_and_another_property_can_be_set(
    account: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    account.properties["companies"]["customer_number"] = {"name": "customer_number", "type": "string"} | {
        "hasUniqueValue": True
    }
    options = account.options(api_version="2026-09", key_property="customer_number")
    nectar = Nectar()
    await tell(options, http, nectar, nectar.connect(company=BOLT))
    assert account.record("companies", "customer_number", "BOLT-2")["nectar_connections"] == "1"
    assert all("/2026-09/" in path for path in account.paths)
