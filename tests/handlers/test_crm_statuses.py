"""Every status, and one that Nectar added since, is shown for what it is by each CRM handler."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from handlers.hubspot import hubspot
from handlers.rest import Options as RestOptions
from handlers.rest import rest
from handlers.salesforce import salesforce
from receiver.api import Done, Handler, Status
from receiver.testing import make_change
from tests.handlers.crm_world import Nectar, context
from tests.handlers.fake_hubspot import FakeHubSpot
from tests.handlers.fake_salesforce import FakeSalesforce

pytestmark = pytest.mark.anyio

STATUSES = [*Status, Status("BRAND_NEW"), Status("")]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def shown(handler: Handler[Any], options: Any, status: Status, http: httpx.AsyncClient) -> None:
    """Deliver a company with one connection of this status and one that works."""
    nectar = Nectar()
    nectar.connect("CONNECTED")
    change = make_change(nectar.connections[nectar.connect(status)])
    assert isinstance(await handler(change, context(options, nectar, http=http)), Done)


def expected(status: Status) -> tuple[int, int, int, str]:
    """All, connected, needing action, worst."""
    return (2, 1 + status.healthy, int(status.needs_owner or status.needs_operator), str(status))


async def test_hubspot_shows_every_status(http: httpx.AsyncClient) -> None:
    async with FakeHubSpot().serving() as fake:
        assert isinstance(fake, FakeHubSpot)
        for status in STATUSES:
            await shown(hubspot, fake.options(), status, http)
            told = fake.record("companies", "nectar_company_id", "ACME-1")
            names = ("nectar_connections", "nectar_connected", "nectar_needing_action", "nectar_worst_status")
            assert tuple(told[name] for name in names) == tuple(map(str, expected(status)))


async def test_salesforce_shows_every_status(http: httpx.AsyncClient) -> None:
    async with FakeSalesforce().serving() as fake:
        assert isinstance(fake, FakeSalesforce)
        for status in STATUSES:
            await shown(salesforce, fake.options(), status, http)
            [told] = fake.accounts
            names = ("Connections", "Connected", "Needing_Action", "Worst_Status")
            assert tuple(told[f"Nectar_{name}__c"] for name in names) == expected(status)


async def test_rest_shows_every_status() -> None:
    sent: list[dict[str, Any]] = []

    def keep(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(204)

    http = httpx.AsyncClient(transport=httpx.MockTransport(keep))
    options = RestOptions.model_validate({"url": "https://crm.example.com/{key}"})
    for status in STATUSES:
        await shown(rest, options, status, http)
        names = ("total", "connected", "needing_action", "worst")
        assert tuple(sent[-1][name] for name in names) == expected(status)
