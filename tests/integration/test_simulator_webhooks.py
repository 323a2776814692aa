"""The simulator posts webhooks as Svix does: signed, retried on its schedule, to a real endpoint."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from svix.webhooks import Webhook, WebhookVerificationError

from receiver.schema import WebhookPayload
from receiver.signature import decode_secret
from receiver.simulator import (
    SCENARIOS,
    Fault,
    Message,
    Outcome,
    Sender,
    Simulator,
    Step,
    burst,
    catalogue,
    play,
)
from receiver.simulator.catalogue import Json
from receiver.simulator.sender import SCHEDULE
from receiver.simulator.server import serve

pytestmark = pytest.mark.anyio

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
QUICK = 1e-6
"""Compresses the schedule's 28 hours into a tenth of a second."""


@dataclass
class Endpoint:
    """Takes webhooks; answers with these responses in turn, then with 202."""

    url: str = ""
    answers: list[Response] = field(default_factory=list)
    received: list[tuple[Headers, bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.received.append((request.headers, await request.body()))
        return self.answers.pop(0) if self.answers else Response(status_code=202)

    @property
    def ids(self) -> list[str]:
        return [headers["svix-id"] for headers, _ in self.received]

    @property
    def payloads(self) -> list[WebhookPayload]:
        return [WebhookPayload.model_validate_json(body) for _, body in self.received]


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    taking = Endpoint()
    async with serve(Starlette(routes=[Route("/hook", taking.take, methods=["POST"])])) as port:
        taking.url = f"http://127.0.0.1:{port}/hook"
        yield taking


@pytest.fixture
async def sender(endpoint: Endpoint) -> AsyncIterator[Sender]:
    ticks: Iterator[float] = (1_700_000_000 + tick for tick in count())
    keys = [decode_secret(SECRET)]
    async with Sender(endpoint.url, keys, compress=QUICK, clock=lambda: next(ticks)) as sending:
        yield sending


@pytest.fixture
async def nectar(endpoint: Endpoint) -> AsyncIterator[Simulator]:
    keys = [decode_secret(SECRET)]
    async with Simulator(webhook_url=endpoint.url, webhook_keys=keys, compress=QUICK) as running:
        yield running


async def test_svix_s_own_library_accepts_what_is_sent(nectar: Simulator, endpoint: Endpoint) -> None:
    await nectar.change(nectar.add("connected"), status="PASSWORD_INCORRECT")
    for headers, body in endpoint.received:
        Webhook(SECRET).verify(body, dict(headers))
        assert headers["content-type"] == "application/json"


async def test_while_a_secret_is_rotated_either_one_verifies(endpoint: Endpoint) -> None:
    async with Sender(endpoint.url, [decode_secret(SECRET), decode_secret(OTHER_SECRET)]) as sender:
        await sender.send(catalogue.webhook("connection-created"))
    [(headers, body)] = endpoint.received
    for secret in (SECRET, OTHER_SECRET):
        Webhook(secret).verify(body, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "AAAA" * 8).verify(body, dict(headers))


async def test_without_a_key_messages_go_out_unsigned(endpoint: Endpoint) -> None:
    async with Sender(endpoint.url) as sender:
        await sender.send(b"as it is")
    [(headers, body)] = endpoint.received
    assert "svix-signature" not in headers
    assert body == b"as it is"


async def test_a_message_that_is_acknowledged_is_sent_once(sender: Sender, endpoint: Endpoint) -> None:
    message = await sender.send(catalogue.webhook("connection-updated"))
    [attempt] = sender.attempts
    assert message.outcome is Outcome.DELIVERED
    assert (attempt.message_id, attempt.status_code) == (endpoint.ids[0], 202)
    assert attempt.latency > 0


async def test_the_schedule_is_svix_s() -> None:
    assert SCHEDULE == (0, 5, 300, 1800, 7200, 18000, 36000, 36000)


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
async def test_what_is_no_2xx_is_tried_on_the_whole_schedule_then_given_up(
    sender: Sender, endpoint: Endpoint, status: int
) -> None:
    endpoint.answers = [Response(status_code=status, headers={"location": endpoint.url}) for _ in SCHEDULE]
    message = await sender.send(catalogue.webhook("connection-updated"))
    assert message.outcome is Outcome.GIVEN_UP
    assert [attempt.status_code for attempt in message.attempts] == [status] * 8
    assert len(endpoint.received) == 8


async def test_a_retry_has_the_same_id_and_body_and_a_signature_of_its_own(
    sender: Sender, endpoint: Endpoint
) -> None:
    endpoint.answers = [Response(status_code=500), Response(status_code=503)]
    message = await sender.send(catalogue.webhook("connection-updated"))
    assert [attempt.status_code for attempt in message.attempts] == [500, 503, 202]
    assert {*endpoint.ids} == {message.id}
    assert {body for _, body in endpoint.received} == {message.body}
    for name in ("svix-timestamp", "svix-signature"):
        assert len({headers[name] for headers, _ in endpoint.received}) == 3


async def test_abort_message_stops_the_retries(sender: Sender, endpoint: Endpoint) -> None:
    endpoint.answers = [
        Response(status_code=500),
        Response(status_code=422, headers={"webhook-delivery": "abort-message"}),
    ]
    message = await sender.send(catalogue.webhook("does-not-fit"))
    assert message.outcome is Outcome.ABORTED
    assert [attempt.status_code for attempt in message.attempts] == [500, 422]


async def test_an_endpoint_that_is_not_there_is_a_failure_with_a_reason(endpoint: Endpoint) -> None:
    async with Sender("http://127.0.0.1:1/hook", compress=QUICK) as sender:
        message = await sender.send({})
    assert message.outcome is Outcome.GIVEN_UP
    assert {attempt.status_code for attempt in message.attempts} == {None}
    assert "ConnectError" in message.attempts[0].error


async def test_an_answer_that_takes_too_long_is_a_failure() -> None:
    async with Simulator() as slow, Sender(f"{slow.base_url}/ping", timeout=0.2) as sender:
        slow.faults.set(Fault(slow=3600))
        attempt = await sender.attempt(sender.message({}))
    assert attempt.status_code is None
    assert "Timeout" in attempt.error


async def test_an_id_may_be_sent_again_as_a_duplicate(sender: Sender, endpoint: Endpoint) -> None:
    first = await sender.send(catalogue.webhook("connection-created"))
    await sender.send(catalogue.webhook("connection-created"), first.id)
    assert endpoint.ids == [first.id, first.id]


async def test_a_new_connection_is_announced_when_asked(nectar: Simulator, endpoint: Endpoint) -> None:
    connection_id = nectar.add("created")
    assert endpoint.received == []
    await nectar.announce(connection_id)
    [payload] = endpoint.payloads
    assert (payload.event_type, str(payload.id), payload.status) == (
        "connection.created.v2",
        connection_id,
        "PENDING",
    )


async def test_a_change_of_status_is_told_twice_and_get_answers_it_already(
    nectar: Simulator, endpoint: Endpoint
) -> None:
    connection_id = nectar.add("connected")
    await nectar.change(connection_id, status="WEBSITE_DOWN", status_error_detail="502")
    types = {payload.event_type for payload in endpoint.payloads}
    assert types == {"connection.updated.v2", "connection.validated.v2"}
    assert {payload.status for payload in endpoint.payloads} == {"WEBSITE_DOWN"}
    details = f"{nectar.base_url}/connection/{connection_id}/details"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer: Json = (await client.get(details, headers={"x-api-key": "example-api-key"})).json()
    assert (answer["status"], answer["statusErrorDetail"]) == ("WEBSITE_DOWN", "502")


async def test_one_event_may_be_asked_for_alone(nectar: Simulator, endpoint: Endpoint) -> None:
    await nectar.change(nectar.add("connected"), "connection.validated.v2", status="OTHER_ERROR")
    assert [payload.event_type for payload in endpoint.payloads] == ["connection.validated.v2"]


async def test_a_change_returns_after_the_first_attempt_and_retries_go_on(
    nectar: Simulator, endpoint: Endpoint
) -> None:
    endpoint.answers = [Response(status_code=503), Response(status_code=503)]
    [message] = await nectar.change(nectar.add("connected"), username="new@example.com")
    assert message.attempts[0].status_code == 503
    await nectar.settled()
    assert message.outcome is Outcome.DELIVERED
    assert len(message.attempts) == 3


async def test_without_a_webhook_url_nothing_is_sent() -> None:
    async with Simulator() as nectar:
        assert await nectar.change(nectar.add(), status="CONNECTED") == []


async def test_it_stops_while_retries_are_hours_away(endpoint: Endpoint) -> None:
    async with Simulator(webhook_url=endpoint.url) as nectar:
        endpoint.answers = [Response(status_code=500)]
        [message] = await nectar.announce(nectar.add())
    assert message.outcome is None


async def test_a_scenario_is_played_step_by_step(nectar: Simulator, endpoint: Endpoint) -> None:
    told: list[tuple[Step, list[Message]]] = []
    sent = await play(
        nectar, SCENARIOS["reconnect"], speed=1e6, told=lambda step, messages: told.append((step, messages))
    )
    [connection_id] = nectar.connections
    statuses = [payload.status for payload in endpoint.payloads]
    assert [step.fixture for step, _ in told] == ["created", "connected", "password-incorrect", "connected"]
    assert statuses[0] == "PENDING"
    assert statuses[1::2] == statuses[2::2] == ["CONNECTED", "PASSWORD_INCORRECT", "CONNECTED"]
    assert {str(payload.id) for payload in endpoint.payloads} == {connection_id}
    assert [message.id for message in sent] == [message.id for _, messages in told for message in messages]
    assert nectar.connections[connection_id]["accounts"]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_every_scenario_ends_with_all_connections_well(
    nectar: Simulator, endpoint: Endpoint, name: str
) -> None:
    sent = await play(nectar, SCENARIOS[name], speed=1e6)
    assert {message.outcome for message in sent} == {Outcome.DELIVERED}
    assert {connection["status"] for connection in nectar.connections.values()} == {"CONNECTED"}


async def test_a_burst_is_as_large_as_asked(nectar: Simulator, endpoint: Endpoint) -> None:
    await play(nectar, burst(connections=3, changes=50))
    assert len(nectar.connections) == 3
    assert len({*endpoint.ids}) == len(endpoint.received) == 3 + 3 * 50


async def test_a_scenario_is_begun_over_http(nectar: Simulator, endpoint: Endpoint) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{nectar.url}/_control/scenarios/mfa", json={"speed": 1e6})
    assert answer.status_code == 202
    await nectar.settled()
    assert len(endpoint.received) == 1 + 3 * 2


async def test_what_a_switch_sends_is_told_in_its_answer(nectar: Simulator, endpoint: Endpoint) -> None:
    path = f"{nectar.url}/_control/connections/{nectar.add('connected')}"
    fields = {"status": "OTHER_ERROR"}
    async with httpx.AsyncClient(trust_env=False) as client:
        quiet = await client.post(path, json={"fields": {"username": "quiet@example.com"}, "send": False})
        told = await client.post(path, json={"fields": fields, "eventType": "connection.validated.v2"})
    assert quiet.json()["messages"] == []
    [message] = told.json()["messages"]
    assert (message["id"], message["outcome"]) == (endpoint.ids[0], "delivered")
    assert message["attempts"][0]["status_code"] == 202
