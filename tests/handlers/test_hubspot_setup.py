"""What is made in HubSpot before anything is written there, and how that is checked."""

from collections.abc import AsyncIterator

import httpx
import pytest

from handlers.hubspot import hubspot
from handlers.hubspot.options import Options
from handlers.hubspot.setup import make_properties
from receiver.rehearsal import Effect, Rehearsing, stand_in_of
from tests.handlers.fake_hubspot import FakeHubSpot
from tests.handlers.vendor_spec import VendorSpec

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bare() -> AsyncIterator[FakeHubSpot]:
    """An account in which nothing has been made."""
    async with FakeHubSpot(is_set_up=False).serving() as fake:
        assert isinstance(fake, FakeHubSpot)
        yield fake


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def preflight(options: Options, http: httpx.AsyncClient) -> str:
    assert hubspot.check is not None
    return await hubspot.check(options, http)


async def test_what_is_missing_is_made_and_said(bare: FakeHubSpot, http: httpx.AsyncClient) -> None:
    done = await make_properties(bare.options(contacts=True), http)
    assert len(done) == 2 + 8 + 8
    assert "made companies.nectar_company_id (string, unique)" in done
    assert bare.properties["companies"]["nectar_company_id"]["hasUniqueValue"] is True
    assert bare.properties["contacts"]["nectar_since"]["type"] == "datetime"


async def test_to_make_it_again_changes_nothing(bare: FakeHubSpot, http: httpx.AsyncClient) -> None:
    await make_properties(bare.options(), http)
    bare.requests.clear()
    assert await make_properties(bare.options(), http) == []
    assert [request.method for request in bare.requests] == ["GET"]


async def test_contacts_get_nothing_where_they_are_not_wanted(
    bare: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    await make_properties(bare.options(), http)
    assert list(bare.properties["contacts"]) == ["email"]


@pytest.mark.parametrize(
    ("there", "problem"),
    [
        ({"name": "nectar_company_id", "type": "string"}, "does not demand unique values"),
        ({"name": "nectar_connections", "type": "string"}, "is a string and must be a number"),
    ],
)
async def test_a_property_of_another_kind_is_not_touched_and_named(
    bare: FakeHubSpot, http: httpx.AsyncClient, there: dict[str, str], problem: str
) -> None:
    bare.properties["companies"][there["name"]] = there
    with pytest.raises(ValueError, match=problem):
        await make_properties(bare.options(), http)
    assert [request.method for request in bare.requests] == ["GET"]


async def test_check_says_that_all_is_there(bare: FakeHubSpot, http: httpx.AsyncClient) -> None:
    await make_properties(bare.options(contacts=True), http)
    assert (
        await preflight(bare.options(contacts=True), http)
        == "the properties of companies and contacts are there"
    )


async def test_check_says_what_is_missing_and_what_makes_it(
    bare: FakeHubSpot, http: httpx.AsyncClient
) -> None:
    with pytest.raises(LookupError, match=r"companies\.nectar_company_id is missing") as wrong:
        await preflight(bare.options(), http)
    assert "`nectar-router handlers setup hubspot`" in str(wrong.value)


async def test_check_says_that_the_token_is_refused(bare: FakeHubSpot, http: httpx.AsyncClient) -> None:
    with pytest.raises(PermissionError, match="HUBSPOT_TOKEN"):
        await preflight(bare.options(token="wrong"), http)


async def test_a_rehearsed_setup_sends_nothing_and_shows_all_that_it_would_make() -> None:
    kept: list[Effect] = []

    async def keep(effect: Effect) -> None:
        kept.append(effect)

    options = Options.model_validate({"token": "made-up", "key_property": "another"})
    spec, answer = VendorSpec("hubspot"), stand_in_of(hubspot, options)

    def checked(request: httpx.Request) -> httpx.Response:
        spec.check(request)
        return answer(request)

    async with Rehearsing(keep, checked).client() as http:
        done = await make_properties(options, http)
    assert done[:2] == ["made the group nectar of companies", "made companies.another (string, unique)"]
    assert sum(effect.what["method"] == "POST" for effect in kept) == len(done) == 9
