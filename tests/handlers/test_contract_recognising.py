"""Whether a target can tell that a request is one that it has had before."""

import json
from typing import Any

import httpx
import pytest

from receiver.testing import SentRequest
from receiver.testing.contract.recognising import creates, repeated

KEY = "0123456789abcdef"


def sent(
    method: str = "POST",
    url: str = "https://api.example.com/tickets",
    body: Any = None,
    *,
    headers: dict[str, str] | None = None,
    status: int | None = 201,
    taken: bool = True,
) -> SentRequest:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return SentRequest(
        method=method, url=url, headers=httpx.Headers(headers), content=content, status=status, taken=taken
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_what_ends_the_same_however_often_it_is_sent_creates_nothing(method: str) -> None:
    assert not creates(sent(method))


@pytest.mark.parametrize(
    "url",
    [
        "https://tracker.example.com/rest/api/3/search",
        "https://tracker.example.com/rest/api/3/search/jql",
        "https://crm.example.com/crm/v3/objects/contacts/search",
        "https://index.example.com/tickets/_search",
        "https://login.example.com/oauth/token",
        "https://chat.example.com/api/users.lookupByEmail",
    ],
)
def test_a_question_creates_nothing(url: str) -> None:
    assert not creates(sent(url=url))


@pytest.mark.parametrize(
    "url", ["https://a.example/tickets/7/close", "https://a.example/issue/7/transitions"]
)
def test_what_brings_a_thing_into_a_state_creates_nothing(url: str) -> None:
    assert not creates(sent(url=url))


def test_what_leaves_nothing_to_be_named_or_was_not_taken_creates_nothing() -> None:
    assert not creates(sent(status=204))
    assert not creates(sent(status=500, taken=False))


@pytest.mark.parametrize(
    "request_",
    [
        sent(),
        sent(url="https://hooks.example.com/token/T0/B0/secret-token-x"),
        sent(url="https://chat.example.com/api/chat.postMessage"),
        sent(url="https://board.example.com/lists/7/cards"),
        sent(status=None),
        sent("PATCH", headers={"Content-Type": "application/json-patch+json"}),
        sent(url="https://api.example.com/graphql", body={"query": "mutation { make }"}),
    ],
    ids=lambda request: f"{request.method} {request.path}",
)
def test_what_would_make_another_creates(request_: SentRequest) -> None:
    assert creates(request_)


def test_a_query_of_graphql_creates_nothing() -> None:
    assert not creates(sent(url="https://api.example.com/graphql", body={"query": "{ tickets }"}))


@pytest.mark.parametrize(
    "request_",
    [
        sent(headers={"Idempotency-Key": KEY}),
        sent(headers={"X-Whatever": f"nectar-{KEY}"}),
        sent(body={"id": KEY}),
        sent(url=f"https://api.example.com/tickets?key={KEY}"),
        sent(headers={"Idempotency-Key": "of its own"}),
        sent(body={"payload": {"dedup_key": "connection-7"}}),
        sent(body={"alias": "connection-7"}),
        sent(body={"records": [{"externalId": "connection-7"}]}),
        sent(url="https://api.example.com/tickets?client_token=connection-7"),
        sent(
            body=b"correlation_id=connection-7&x=1",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ),
        sent(body=b"Subject: broken\r\nMessage-ID: <7@example.com>\r\n\r\nIt is."),
    ],
    ids=lambda request: f"{request.url} {dict(request.headers)} {request.content!r}",
)
def test_who_says_the_same_key_twice_is_recognised(request_: SentRequest) -> None:
    assert repeated([request_], [request_], KEY) == []


@pytest.mark.parametrize(
    "request_",
    [
        sent(),
        sent(body={"title": "connection 7 is broken", "connection": "7"}),
        sent(headers={"Authorization": "Bearer made-up", "X-Api-Key": "made-up"}),
        sent(body={"routing_key": "made-up"}),
        sent(headers={"Idempotency-Key": ""}),
    ],
    ids=lambda request: f"{dict(request.headers)} {request.content!r}",
)
def test_who_says_no_key_is_not(request_: SentRequest) -> None:
    """That all of it is the same says nothing: two connections may break in the same way."""
    assert repeated([request_], [request_], KEY) == [request_]


def test_a_key_that_others_have_too_is_none() -> None:
    request = sent(body={"dedup_key": "the-same-for-all"})
    assert repeated([request], [request], KEY, lambda pair: pair[1] != "the-same-for-all") == [request]


def test_another_key_each_time_is_none() -> None:
    one, other = sent(headers={"Idempotency-Key": "1"}), sent(headers={"Idempotency-Key": "2"})
    assert repeated([one], [other], KEY) == [other]


def test_a_key_that_only_one_has_is_none() -> None:
    keyed = sent(headers={"Idempotency-Key": KEY})
    assert repeated([sent()], [keyed], KEY) == [keyed]
    assert repeated([keyed], [sent()], KEY) == [sent()]


def test_what_was_not_sent_before_is_no_repeat() -> None:
    comment = sent(url="https://api.example.com/comments")
    assert repeated([sent()], [comment], KEY) == []
    assert repeated([], [sent()], KEY) == []


def test_a_second_request_after_a_recognised_one_is_no_repeat() -> None:
    keyed, another = sent(headers={"Idempotency-Key": "1"}), sent(body={"text": "another"})
    assert repeated([keyed], [keyed, another], KEY) == []


def test_the_one_of_two_that_was_not_finished_is_recognised_by_its_own_key() -> None:
    first, second = (sent(headers={"Idempotency-Key": key}) for key in ("1", "2"))
    assert repeated([first, second], [second], KEY) == []
