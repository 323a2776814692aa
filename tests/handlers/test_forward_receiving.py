"""What a receiver makes of it: CloudEvents' own SDK reads it, Standard Webhooks' library verifies it."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from standardwebhooks import Webhook, WebhookVerificationError

from handlers.forward import Options, forward
from handlers.forward.event import TYPE
from receiver.api import Change, Done, Status
from receiver.testing import make_change, make_connection
from tests.handlers.forwarding import BROKEN, NEXT_SECRET, SECRET, context, options
from tests.handlers.listener import Listener, Posted, listen

pytestmark = pytest.mark.anyio


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def send(
    listener: Listener, http: httpx.AsyncClient, change: Change = BROKEN, **more: object
) -> Posted:
    chosen = options(f"{listener.url}/nectar?to=crm", allow_private=True, **more)
    assert await forward(change, context(chosen, http)) == Done("key-7")
    [posted] = listener.posted
    return posted


def message_of(posted: Posted) -> HTTPMessage:
    return HTTPMessage(headers=posted.headers, body=posted.body)


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_the_official_sdk_reads_the_same_event_in_either_mode(
    http: httpx.AsyncClient, mode: str
) -> None:
    async with listen() as listener:
        posted = await send(listener, http, mode=mode, source="https://router.example.com")
    event = from_http(message_of(posted), JSONFormat())
    assert event.get_id() == "key-7"
    assert event.get_source() == "https://router.example.com"
    assert event.get_type() == TYPE
    assert event.get_specversion() == "1.0"
    assert event.get_subject() == str(BROKEN.connection.id)
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("connectionstatus") == "PASSWORD_INCORRECT"
    moment = event.get_time()
    assert moment is not None
    assert moment == BROKEN.connection.status_last_update_time
    data = event.get_data()
    assert isinstance(data, dict)
    assert (data["previousStatus"], data["changed"], data["version"]) == ("CONNECTED", ["status"], 7)
    assert data["connection"]["status"] == "PASSWORD_INCORRECT"


async def test_every_status_is_posted_as_it_is(http: httpx.AsyncClient) -> None:
    statuses = [*Status, Status("NEW_ONE"), Status("")]
    async with listen() as listener:
        for status in statuses:
            chosen = options(listener.url, allow_private=True)
            await forward(make_change(make_connection(status)), context(chosen, http))
    events = [from_http(message_of(posted), JSONFormat()) for posted in listener.posted]
    assert [event.get_extension("connectionstatus") or "" for event in events] == statuses
    assert [json.loads(posted.body)["data"]["connection"]["status"] for posted in listener.posted] == statuses


async def test_a_status_beyond_ascii_survives_a_header(http: httpx.AsyncClient) -> None:
    odd = 'Zählerstand "50 %" unbekannt\r\nce-type: other'
    async with listen() as listener:
        posted = await send(listener, http, make_change(make_connection(odd)), mode="binary")
    event = from_http(message_of(posted), JSONFormat())
    assert event.get_extension("connectionstatus") == odd
    assert event.get_type() == TYPE


async def test_the_modes_are_told_apart_by_their_content_type(http: httpx.AsyncClient) -> None:
    async with listen() as listener:
        structured = await send(listener, http)
    async with listen() as listener:
        binary = await send(listener, http, mode="binary")
    assert structured.headers["content-type"] == "application/cloudevents+json"
    assert not [name for name in structured.headers if name.startswith("ce-")]
    assert binary.headers["content-type"] == "application/json"
    assert json.loads(structured.body)["data"] == json.loads(binary.body)


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_standard_webhooks_own_library_verifies_it(http: httpx.AsyncClient, mode: str) -> None:
    async with listen() as listener:
        posted = await send(listener, http, mode=mode, secret=[SECRET])
    assert Webhook(SECRET).verify(posted.body, posted.headers) == json.loads(posted.body)
    assert posted.headers["webhook-id"] == "key-7"


async def test_a_receiver_with_another_secret_or_another_body_refuses_it(http: httpx.AsyncClient) -> None:
    async with listen() as listener:
        posted = await send(listener, http, secret=[SECRET])
    with pytest.raises(WebhookVerificationError):
        Webhook(NEXT_SECRET).verify(posted.body, posted.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(posted.body + b" ", posted.headers)


async def test_while_secrets_rotate_receivers_with_either_take_it(http: httpx.AsyncClient) -> None:
    async with listen() as listener:
        posted = await send(listener, http, secret=[NEXT_SECRET, SECRET])
    for secret in (SECRET, NEXT_SECRET):
        Webhook(secret).verify(posted.body, posted.headers)


async def test_without_a_secret_nothing_is_signed_and_the_id_is_still_there(http: httpx.AsyncClient) -> None:
    async with listen() as listener:
        posted = await send(listener, http)
    assert "webhook-signature" not in posted.headers
    assert posted.headers["webhook-id"] == "key-7"


async def test_the_url_is_asked_for_as_it_was_written_and_its_login_is_sent(http: httpx.AsyncClient) -> None:
    async with listen() as listener:
        url = f"http://user:p%40ss@127.0.0.1:{listener.port}/a%20b?key=%2F&x=1"
        await forward(BROKEN, context(options(url, allow_private=True), http))
    [posted] = listener.posted
    assert posted.path == "/a%20b?key=%2F&x=1"
    assert posted.headers["host"] == f"127.0.0.1:{listener.port}"
    assert posted.headers["authorization"] == "Basic dXNlcjpwQHNz"


def test_the_handler_is_shown_any_change() -> None:
    assert forward.concerns({"accounts"})
    assert forward.options is Options
