"""What every test shares."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# No deadline: a busy machine is no failure. Derandomized: the same commit gives the same verdict.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """What `@pytest.mark.anyio` runs tests on."""
    return "asyncio"


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Tokyo"])
def in_any_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the test once in each zone that the machine might be in."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def answer() -> dict[str, Any]:
    """A connection as GET answers it, with every field of Nectar's page."""
    return {
        "id": "0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90",
        "created": "2024-05-01T10:00:00Z",
        "publicCompanyId": "acme-7f3a",
        "connectionMagicLinkSecret": "magic-hush-hush",
        "statusLastUpdateTime": "2024-05-02T10:00:00Z",
        "statusFirstSeenTime": "2024-05-02T09:00:00Z",
        "statusErrorDetail": "The site refused the password",
        "updated": "2024-05-03T10:00:00Z",
        "datasource": {"name": "Pacific Power", "url": "https://pacific.example"},
        "accounts": [{"accountNumber": "100-1", "datasourceTypes": ["ELECTRICITY"]}],
        "company": {"id": "5f2c1b7a-0d4e-4f7b-8a69-3c2b1d0e9f88", "name": "Acme", "externalId": "A-1"},
        "url": "https://pacific.example/login",
        "status": "PASSWORD_INCORRECT",
        "country": "US",
        "initialSites": ["6a1d2c3b-4e5f-4a6b-8c7d-9e0f1a2b3c4d"],
        "initialDatasourceTypes": ["ELECTRICITY", "GAS"],
        "username": "pat@acme.example",
        "workflowOwnerEmail": "owner@acme.example",
        "dataCollectionStartDate": "2023-01-31",
        "multiplyByOccupancy": False,
    }
