"""What a handler does outside, for people: each request and each mail in full."""

import json
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from pydantic import JsonValue

TAKEN_FOR_GRANTED = {"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"}
"""Headers that httpx sends with every request."""

Effect = Mapping[str, JsonValue]
"""As `receiver.dispatch.shadow.masked` makes it: its `kind`, and what there is to say about it."""


def lines_of(effect: Effect) -> Iterator[str]:
    """What would be, or has been, done outside."""
    if effect["kind"] == "http":
        yield from _request(effect)
        return
    yield str(effect["kind"])
    for name, value in effect.items():
        if name != "kind":
            yield from _field(name, value)


def _request(effect: Effect) -> Iterator[str]:
    yield f"{effect['method']} {effect['url']}"
    headers = effect["headers"]
    assert isinstance(headers, Mapping)
    for name, value in headers.items():
        if name not in TAKEN_FOR_GRANTED:
            yield f"  {name}: {value}"
    if body := effect["body"]:
        yield from (f"  {line}".rstrip() for line in ("", *_body(body, str(headers.get("content-type", "")))))


def _body(body: JsonValue, kind: str) -> list[str]:
    if not isinstance(body, str):
        return json.dumps(body, indent=2, ensure_ascii=False).splitlines()
    if kind.startswith("application/x-www-form-urlencoded"):
        return [f"{name}={value}" for name, value in parse_qsl(body, keep_blank_values=True)]
    return body.splitlines()


def _field(name: str, value: JsonValue) -> Iterator[str]:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    lines = text.splitlines() or [""]
    if len(lines) == 1:
        yield f"  {name}: {text}"
        return
    yield f"  {name}:"
    yield from (f"    {line}".rstrip() for line in lines)
