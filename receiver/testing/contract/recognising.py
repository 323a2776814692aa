"""Whether a target can tell that a request is one that it has had before: pure functions over requests."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from receiver.testing.target import SentRequest

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
"""Harmless, or to the same end however often they are sent (RFC 9110, 9.2.2)."""

QUESTIONS = frozenset(
    "search query find lookup list get jql token tokens oauth oauth2 login auth authenticate session "
    "sessions signin filter count read batchget lookupbyemail aggregate".split()
)
"""What a POST asks for that only asks."""

TURNS = frozenset(
    "close resolve reopen open transition transitions acknowledge ack cancel archive complete enable disable "
    "activate deactivate start stop lock unlock assign unassign approve snooze status state".split()
)
"""What a POST says that brings a thing into a state: twice is as once."""

KEYS = re.compile(
    r"idempot|dedup|messageid|msgid|requestid|external(id|key|ref)|extid|clienttoken|clientref|clientrequest"
    r"|correlation|transactionid|unique|alias|eventid|incidentkey|reference|foreignid|sourceid|originid"
    r"|upsertkey|matchkey|groupingkey|fingerprint"
)
"""Names of headers, parameters and fields by which targets recognise what they have had."""

MESSAGE_ID = re.compile(r"^message-id:\s*(\S+)", re.I | re.M)

Pair = tuple[str, str]
"""The name of a header, parameter or field, and its value."""


def repeated(
    before: Iterable[SentRequest],
    now: Iterable[SentRequest],
    key: str,
    specific: Callable[[Pair], bool] = lambda _: True,
) -> list[SentRequest]:
    """Those of `now` that do again what one of `before` did, and that the target cannot recognise.

    `key`: `ctx.idempotency_key` of both. `specific`: whether a value is one of this connection alone.
    """
    done = [request for request in before if creates(request)]
    found = []
    for request in filter(creates, now):
        alike = [each for each in done if same_place(each, request)]
        known = [each for each in alike if recognisable(each, request, key, specific)]
        if alike and not known:
            found.append(request)
        for each in (known or alike)[:1]:
            done.remove(each)
    return found


def creates(request: SentRequest) -> bool:
    """Whether the target has changed something that it would change again, were it sent again."""
    if not request.taken or request.method in SAFE:
        return False
    if request.method == "PATCH" and "json-patch" not in request.headers.get("content-type", ""):
        return False  # it says how the fields of a thing that is there are to be
    last = re.split(r"[/:.]", request.path.lower().rstrip("/"))[-1].strip("_")
    if last in QUESTIONS | TURNS or request.status == 204:
        return False
    if request.path.rstrip("/").endswith("graphql"):
        return "mutation" in request.content.decode(errors="replace")
    return True


def recognisable(
    one: SentRequest, other: SentRequest, key: str, specific: Callable[[Pair], bool] = lambda _: True
) -> bool:
    """Whether something in both says that they are the same."""
    if all(key in _whole(request) for request in (one, other)):
        return True
    common = set(pairs(one)) & set(pairs(other))
    return any(_is_key(name) and value and specific((name, value)) for name, value in common)


def pairs(request: SentRequest) -> Iterator[Pair]:
    """All that a request says, by name."""
    yield from ((name.lower(), value) for name, value in request.headers.items())
    yield from parse_qsl(urlsplit(request.url).query)
    body = request.content.decode(errors="replace")
    if request.json is not None:
        yield from leaves(request.json)
    elif "urlencoded" in request.headers.get("content-type", ""):
        yield from parse_qsl(body)
    yield from (("message-id", value) for value in MESSAGE_ID.findall(body))


def leaves(value: Any, name: str = "") -> Iterator[Pair]:
    """The values within JSON, each with the name nearest to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    elif value is not None:
        yield name, str(value)


def named(requests: Sequence[SentRequest]) -> str:
    """Requests in a few words: POST /pages."""
    return ", ".join(dict.fromkeys(f"{request.method} {request.path}" for request in requests))


def same_place(one: SentRequest, other: SentRequest) -> bool:
    """Whether both ask the same of the same place."""
    return one.method == other.method and _place(one) == _place(other)


def _place(request: SentRequest) -> tuple[str, str]:
    parts = urlsplit(request.url)
    return parts.netloc, parts.path


def _is_key(name: str) -> bool:
    return KEYS.search(re.sub(r"[^a-z]", "", name.lower())) is not None


def _whole(request: SentRequest) -> str:
    headers = "\n".join(request.headers.values())
    return f"{unquote(request.url)}\n{headers}\n{request.content.decode(errors='replace')}"
