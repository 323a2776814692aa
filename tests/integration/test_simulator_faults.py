"""The trouble that the simulator makes to order, and the switches over HTTP."""

import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from receiver.policy import retry_after
from receiver.schema import Connection
from receiver.simulator import Fault, Simulator
from receiver.simulator.app import create_app
from receiver.simulator.catalogue import Json

pytestmark = pytest.mark.anyio


@pytest.fixture
async def nectar() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


@pytest.fixture
async def http(nectar: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"x-api-key": "example-api-key"}
    async with httpx.AsyncClient(base_url=nectar.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def details(nectar: Simulator) -> str:
    """The path of a connection's details."""
    return f"/v2/connection/{nectar.add('connected')}/details"


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
async def test_a_status_is_answered_as_nectar_s_errors_are(
    nectar: Simulator, http: httpx.AsyncClient, status: int
) -> None:
    nectar.faults.set(Fault(status=status))
    answer = await http.get("/v2/ping")
    assert (answer.status_code, set(answer.json())) == (status, {"detail"})
    assert nectar.requests.entries[0].status == status


async def test_retry_after_comes_in_seconds(nectar: Simulator, http: httpx.AsyncClient) -> None:
    nectar.faults.set(Fault(status=429, retry_after=7))
    answer = await http.get("/v2/ping")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


async def test_retry_after_comes_as_a_date(nectar: Simulator, http: httpx.AsyncClient) -> None:
    moment = datetime.now(UTC) + timedelta(hours=1)
    nectar.faults.set(Fault(status=429, retry_after=moment))
    header = (await http.get("/v2/ping")).headers["retry-after"]
    assert header.endswith("GMT")
    assert retry_after(header, time.time()) == pytest.approx(3600, abs=60)


async def test_a_slow_answer_makes_the_client_give_up_and_is_not_in_flight_any_more(
    nectar: Simulator, http: httpx.AsyncClient, details: str
) -> None:
    nectar.faults.set(Fault(slow=3600, times=1))
    with pytest.raises(httpx.ReadTimeout):
        await http.get(details, timeout=0.2)
    assert (await http.get(details)).status_code == 200
    await nectar.requests.wait_for(lambda: nectar.requests.in_flight == 0)


async def test_slow_and_a_status_happen_together(nectar: Simulator, http: httpx.AsyncClient) -> None:
    nectar.faults.set(Fault(slow=0.01, status=500))
    assert (await http.get("/v2/ping")).status_code == 500
    [request] = nectar.requests.entries
    assert request.ended is not None
    assert request.ended > request.began


async def test_it_hangs_up_before_it_answers(
    nectar: Simulator, http: httpx.AsyncClient, details: str
) -> None:
    nectar.faults.set(Fault(hang_up="before", times=1))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await http.get(details)
    assert (await http.get(details)).status_code == 200


async def test_it_hangs_up_halfway_through_the_body(
    nectar: Simulator, http: httpx.AsyncClient, details: str
) -> None:
    nectar.faults.set(Fault(hang_up="halfway", times=1))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await http.get(details)
    assert (await http.get(details)).status_code == 200


@pytest.mark.parametrize(("kind", "media"), [("text", "application/json"), ("html", "text/html")])
async def test_garbage_is_answered_with_200(
    nectar: Simulator, http: httpx.AsyncClient, kind: str, media: str
) -> None:
    nectar.faults.set(Fault.model_validate({"garbage": kind}))
    answer = await http.get("/v2/ping")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media)
    with pytest.raises(ValueError, match=r"(?i)expecting|unterminated"):
        answer.json()


async def test_in_process_there_is_no_line_so_a_hang_up_is_an_error(nectar: Simulator) -> None:
    nectar.faults.set(Fault(hang_up="before"))
    transport = httpx.ASGITransport(create_app(nectar))
    async with httpx.AsyncClient(transport=transport, base_url="http://nectar.example") as client:
        with pytest.raises(ConnectionResetError):
            await client.get("/v2/ping")
        nectar.faults.clear()
        assert (await client.get("/v2/ping")).status_code == 401


async def test_faults_strike_in_order_and_as_often_as_they_say(
    nectar: Simulator, http: httpx.AsyncClient
) -> None:
    nectar.faults.set(Fault(status=500, times=2), Fault(status=503, times=1))
    assert [(await http.get("/v2/ping")).status_code for _ in range(4)] == [500, 500, 503, 200]
    assert nectar.faults.active == []


async def test_a_fault_without_times_lasts_until_cleared(nectar: Simulator, http: httpx.AsyncClient) -> None:
    nectar.faults.set(Fault(status=500))
    assert [(await http.get("/v2/ping")).status_code for _ in range(3)] == [500] * 3
    nectar.faults.clear()
    assert (await http.get("/v2/ping")).status_code == 200


async def test_a_fault_may_strike_some_paths_only(
    nectar: Simulator, http: httpx.AsyncClient, details: str
) -> None:
    nectar.faults.set(Fault(status=500, path="/details"))
    assert (await http.get("/v2/ping")).status_code == 200
    assert (await http.get(details)).status_code == 500


async def test_faults_are_switched_over_http(nectar: Simulator, http: httpx.AsyncClient) -> None:
    faults = [{"status": 429, "retryAfter": 3, "times": 1}, {"hangUp": "before"}]
    assert (await http.post("/_control/faults", json=faults)).status_code == 200
    assert nectar.faults.active == [Fault(status=429, retry_after=3, times=1), Fault(hang_up="before")]
    assert (await http.post("/_control/faults", json=[])).status_code == 200
    assert nectar.faults.active == []


@pytest.mark.parametrize("faults", [{"status": 500}, [{"status": 99}], [{"stauts": 500}], "no"])
async def test_a_fault_that_cannot_be_is_answered_422(
    nectar: Simulator, http: httpx.AsyncClient, faults: object
) -> None:
    assert (await http.post("/_control/faults", json=faults)).status_code == 422
    assert nectar.faults.active == []


async def test_the_switches_are_neither_recorded_nor_struck(
    nectar: Simulator, http: httpx.AsyncClient
) -> None:
    nectar.faults.set(Fault(status=500))
    await http.get("/v2/ping")
    log: Json = (await http.get("/_control/requests")).json()
    assert (log["inFlight"], log["maxInFlight"]) == (0, 1)
    [request] = log["requests"]
    assert (request["method"], request["path"], request["status"]) == ("GET", "/v2/ping", 500)
    assert request["ended"] >= request["began"]


async def test_a_connection_is_made_and_changed_over_http(nectar: Simulator, http: httpx.AsyncClient) -> None:
    made = await http.post("/_control/connections", json={"fixture": "created", "fields": {"country": "CA"}})
    connection_id = made.json()["id"]
    assert (made.status_code, nectar.connections[connection_id]["country"]) == (201, "CA")
    changed = await http.post(
        f"/_control/connections/{connection_id}",
        json={"fixture": "password-incorrect", "fields": {"username": None}},
    )
    connection = Connection.model_validate(nectar.connections[connection_id])
    assert changed.status_code == 200
    assert (connection.status, connection.username, connection.country) == ("PASSWORD_INCORRECT", None, "CA")
    assert connection.status_error_detail


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("/_control/connections", {"fixture": "conected"}, "there are: .*connected"),
        ("/_control/connections/unknown", {}, "not found"),
        ("/_control/scenarios/unknown", {}, "there are: reconnect"),
    ],
)
async def test_a_wrong_name_is_answered_404_with_what_there_is(
    http: httpx.AsyncClient, path: str, body: Json, detail: str
) -> None:
    answer = await http.post(path, json=body)
    assert answer.status_code == 404
    assert re.search(detail, answer.json()["detail"])
