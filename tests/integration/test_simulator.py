"""The stand-in Nectar answers like Nectar: the endpoints, their errors, and the log of what was asked."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from receiver.schema import Connection
from receiver.simulator import Fault, Simulator, catalogue

pytestmark = pytest.mark.anyio

KEY = "example-key"


@pytest.fixture
async def nectar() -> AsyncIterator[Simulator]:
    async with Simulator(api_key=KEY) as running:
        yield running


@pytest.fixture
async def api(nectar: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"x-api-key": KEY}
    async with httpx.AsyncClient(base_url=nectar.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("version", ["v2", "v2.1"])
async def test_a_connection_is_answered_as_its_fixture_says(
    nectar: Simulator, api: httpx.AsyncClient, version: str
) -> None:
    connection_id = nectar.add("password-incorrect")
    answer = await api.get(f"/{version}/connection/{connection_id}/details")
    assert answer.status_code == 200
    assert answer.json() == catalogue.connection("password-incorrect")


async def test_v2_2_adds_the_external_id_and_whether_it_is_active(
    nectar: Simulator, api: httpx.AsyncClient
) -> None:
    connected, inactive = nectar.add("connected", external_id="ours-1"), nectar.add("company-inactive")
    answers = [(await api.get(f"/v2.2/connection/{one}/details")).json() for one in (connected, inactive)]
    assert [(one["externalId"], one["isActive"]) for one in answers] == [("ours-1", True), (None, False)]
    assert [Connection.model_validate(one).is_active for one in answers] == [True, False]
    old = (await api.get(f"/v2/connection/{connected}/details")).json()
    assert not {"externalId", "isActive"} & set(old)


async def test_ping_says_that_the_key_is_good(api: httpx.AsyncClient) -> None:
    assert (await api.get("/v2/ping")).status_code == 200


@pytest.mark.parametrize("headers", [{"x-api-key": "wrong"}, {"x-api-key": ""}])
@pytest.mark.parametrize("path", ["/v2/ping", "/v2.2/company", "/v2/connection/not-a-uuid/details"])
async def test_a_bad_key_is_answered_401_with_a_detail(
    api: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    answer = await api.get(path, headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})


@pytest.mark.parametrize(
    "path", [f"/v2/connection/{uuid4()}/details", f"/v2/connection/company/{uuid4()}", "/v2/no/such/path"]
)
async def test_what_is_not_there_is_answered_404_with_a_detail(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v2/connection/42/details", "/v2/connection/company/acme"])
async def test_an_id_that_is_no_uuid_is_answered_422_with_a_detail(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "uuid_parsing"


async def test_companies_are_listed_once_each(nectar: Simulator, api: httpx.AsyncClient) -> None:
    for name in catalogue.names():
        nectar.add(name)
    companies = (await api.get("/v2/company")).json()
    assert len({company["id"] for company in companies}) == len(companies) == 3
    assert {"id", "name", "externalId"} <= set(companies[0])


async def test_a_company_s_connections_come_in_pages(nectar: Simulator, api: httpx.AsyncClient) -> None:
    ids = [nectar.add("connected") for _ in range(5)]
    company = nectar.connections[ids[0]]["company"]["id"]
    seen: list[str] = []
    for number in (1, 2, 3):
        params = {"page": number, "limit": 2}
        page = (await api.get(f"/v2/connection/company/{company}", params=params)).json()
        seen += [connection["id"] for connection in page.pop("connections")]
        assert page == {
            "totalConnections": 5,
            "perPage": 2,
            "totalPages": 3,
            "currentPage": number,
            "hasNext": number < 3,
            "hasPrevious": number > 1,
        }
    assert seen == ids


async def test_a_page_past_the_last_answers_the_last(nectar: Simulator, api: httpx.AsyncClient) -> None:
    ids = [nectar.add("connected") for _ in range(3)]
    company = nectar.connections[ids[0]]["company"]["id"]
    params = {"page": 9, "limit": 2}
    page = (await api.get(f"/v2/connection/company/{company}", params=params)).json()
    assert (page["currentPage"], page["hasNext"]) == (2, False)
    assert [connection["id"] for connection in page["connections"]] == ids[2:]


@pytest.mark.parametrize("params", [{"limit": "501"}, {"limit": "0"}, {"page": "0"}, {"page": "two"}])
async def test_a_page_that_cannot_be_is_answered_422(
    nectar: Simulator, api: httpx.AsyncClient, params: dict[str, str]
) -> None:
    company = nectar.connections[nectar.add("connected")]["company"]["id"]
    assert (await api.get(f"/v2/connection/company/{company}", params=params)).status_code == 422


async def test_an_invitation_is_made_and_remembered(nectar: Simulator, api: httpx.AsyncClient) -> None:
    connection_id = nectar.add("password-incorrect")
    asked = {"allowedEmails": ["owner@example.com"], "expiresInSeconds": 3600, "maxUses": 1}
    answer = await api.post(f"/v2/invitation/connection/{connection_id}", json=asked)
    invitation = answer.json()
    assert answer.status_code == 200
    assert invitation["invitationUrl"] == f"https://dash.nectarclimate.com/p/i/{invitation['token']}"
    assert (invitation["status"], invitation["connectionId"]) == ("ACTIVE", connection_id)
    assert invitation["expiresAt"] > invitation["createdAt"]
    assert nectar.invitations == [invitation | {"sendEmail": False}]


@pytest.mark.parametrize(
    "asked",
    [{"expiresInSeconds": 59}, {"maxUses": 0}, {"allowedEmails": ["nobody"]}, {"sendEmail": "perhaps"}, []],
)
async def test_an_invitation_that_cannot_be_is_answered_422(
    nectar: Simulator, api: httpx.AsyncClient, asked: object
) -> None:
    answer = await api.post(f"/v2/invitation/connection/{nectar.add()}", json=asked)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert nectar.invitations == []


async def test_a_taken_id_is_given_to_no_second_connection(nectar: Simulator) -> None:
    first, second = nectar.add("connected"), nectar.add("connected", country="CA")
    assert first == catalogue.connection("connected")["id"] != second
    assert nectar.connections[first]["country"] == "US"


async def test_an_edit_moves_the_times_on_and_drops_the_old_status_s_explanation(nectar: Simulator) -> None:
    before, after = nectar.edit(nectar.add("password-incorrect"), status="CONNECTED")
    earlier, later = Connection.model_validate(before), Connection.model_validate(after)
    for name in ("updated", "status_last_update_time", "status_first_seen_time"):
        assert getattr(later, name) > getattr(earlier, name)
    assert later.status_error_detail is None


async def test_an_edit_without_a_new_status_leaves_it_as_long_known(nectar: Simulator) -> None:
    before, after = nectar.edit(nectar.add("password-incorrect"), workflow_owner_email="new@example.com")
    for name in ("status", "statusFirstSeenTime", "statusErrorDetail"):
        assert after[name] == before[name]
    assert after["workflowOwnerEmail"] == "new@example.com"


async def test_each_request_is_recorded_with_its_beginning_and_end(
    nectar: Simulator, api: httpx.AsyncClient
) -> None:
    connection_id = nectar.add("connected")
    await api.get(f"/v2/connection/{connection_id}/details")
    await api.get("/v2/ping")
    [fetch] = nectar.requests.matching(connection_id)
    assert (fetch.method, fetch.path) == ("GET", f"/v2/connection/{connection_id}/details")
    assert fetch.status == 200
    assert fetch.ended is not None
    assert fetch.began <= fetch.ended
    assert len(nectar.requests.entries) == 2


async def test_it_counts_how_many_requests_were_under_way_at_a_time(
    nectar: Simulator, api: httpx.AsyncClient
) -> None:
    nectar.faults.set(Fault(slow=60))
    asking = [asyncio.create_task(api.get("/v2/ping", timeout=30)) for _ in range(4)]
    await nectar.requests.wait_for(lambda: nectar.requests.in_flight == 4)
    nectar.faults.clear()
    assert {answer.status_code for answer in await asyncio.gather(*asking)} == {200}
    await api.get("/v2/ping")
    assert (nectar.requests.in_flight, nectar.requests.max_in_flight) == (0, 4)


async def test_waiting_in_vain_for_a_request_ends(nectar: Simulator) -> None:
    with pytest.raises(TimeoutError):
        await nectar.requests.wait_for(lambda: bool(nectar.requests.entries), within=0.05)
