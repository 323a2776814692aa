"""Whatever comes is answered as promised. What comes is made up by Hypothesis, the same each time."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import Message, Scope

from receiver.schema import WebhookPayload
from receiver.settings import Settings
from receiver.web import create_app
from tests.integration.webhooks import CONNECTION, JSON, PATH, SECRET, encoded, own_logs, payload, signed

pytestmark = pytest.mark.anyio

FIELDS = [
    *(field.alias or name for name, field in WebhookPayload.model_fields.items()),
    "old",
    "sitesRelations",
]
HEADERS = [*JSON, *signed(b""), *signed(b"", family="webhook"), "content-length", "content-encoding", "host"]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
near_misses = st.dictionaries(st.sampled_from(FIELDS), values, max_size=4).map(lambda odd: payload(**odd))
texts = st.builds(json.dumps, values | near_misses, ensure_ascii=st.booleans())
bodies = st.binary(max_size=300) | texts.map(lambda text: text.encode(errors="surrogatepass"))
cut = st.builds(lambda body, end: body[:end], bodies, st.integers(0, 60))
header_values = st.binary(max_size=60) | st.sampled_from(
    [b"9" * 5000, b"1e9", b"application/json", b"gzip", b"["]
)
header_lists = st.lists(
    st.tuples(
        st.sampled_from(HEADERS).map(str.encode) | st.binary(max_size=20).map(bytes.lower), header_values
    ),
    max_size=12,
)


@dataclass
class Answer:
    """What the application answered."""

    status: int
    headers: dict[str, str]
    document: dict[str, Any]


@pytest.fixture(scope="module")
async def app(shared_valkey: Any) -> AsyncIterator[Starlette]:
    known = {"nectar_webhook_secret": SECRET, "redis_url": shared_valkey.connection_url}
    with own_logs():
        made = create_app(Settings(**known))
        async with made.router.lifespan_context(made):
            yield made


async def ask(app: Starlette, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
    """What the application answers when the server hands it this request. What it raises fails the test."""
    where = {"method": "POST", "path": PATH, "query_string": b"", "root_path": ""}
    scope: Scope = {"type": "http", "http_version": "1.1", "scheme": "http", "headers": headers, **where}
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope, receive, send)
    start, *parts = said
    document = json.loads(b"".join(part.get("body", b"") for part in parts))
    lines = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], lines, document)


def authentic(body: bytes) -> list[tuple[bytes, bytes]]:
    """Headers that let the body in."""
    return [(name.encode(), value.encode()) for name, value in (JSON | signed(body)).items()]


def check(answer: Answer, *expected: int) -> None:
    """Whether that is one of the answers expected, in the form promised."""
    assert answer.status in expected
    if answer.status < 300:
        assert answer.document["status"] in ("accepted", "duplicate", "ignored")
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["status"] == answer.status
    assert answer.document["detail"]
    assert ("webhook-delivery" in answer.headers) == (answer.status == 422)


@settings(max_examples=300)
@given(body=bodies | cut)
async def test_any_body_that_is_signed_is_taken_ignored_malformed_or_kept(
    app: Starlette, body: bytes
) -> None:
    check(await ask(app, authentic(body), body), 200, 202, 400, 422)


@settings(max_examples=300)
@given(odd=near_misses)
async def test_any_event_that_json_can_carry_is_never_malformed(app: Starlette, odd: dict[str, Any]) -> None:
    text = json.dumps(odd, ensure_ascii=False)
    body = text.encode(errors="replace").replace(b"NaN", b"0").replace(b"Infinity", b"0")
    check(await ask(app, authentic(body), body), 200, 202, 422)


@settings(max_examples=300)
@given(headers=header_lists, body=bodies)
async def test_any_headers_that_do_not_sign_the_body_let_nothing_in(
    app: Starlette, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    check(await ask(app, headers, body), 401, 413, 415)


@settings(max_examples=200)
@given(odd=header_lists)
async def test_odd_headers_beside_a_good_signature_do_no_harm(
    app: Starlette, odd: list[tuple[bytes, bytes]]
) -> None:
    body = encoded({"id": CONNECTION})
    check(await ask(app, [*authentic(body), *odd], body), 202, 413, 415)
