"""Bodies: events of all sorts, and what becomes of them under mutation."""

import json
import random
from collections.abc import Callable, Sequence
from importlib.resources import files

MAGIC = "hush-hush-of-the-magic-link"
OWNER = "pat.the.owner"
"""What no log may hold; they lie in the bodies."""
CONNECTIONS = [f"0b0d7c1e-6a0f-4a52-9a3c-{number:012d}" for number in range(200)]
"""So few that what waits in Redis stays little."""
STATUSES = ("CONNECTED", "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "WEBSITE_DOWN", "ON_FIRE")
TYPES = ("connection.created.v2", "connection.updated.v2", "connection.validated.v2", "connection.updated")
FOREIGN = ("document.created.v2", "document.deleted.v2", "invoice.paid", "x" * 300, "é\u202e")
LEVELS = 10_000

TOKENS = [
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0", b"9" * 400, b"0." + b"1" * 200, b'""', b"{}"),
    *(b'"\\ud800"', b'"\\u0000"', b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\\", b'"', b"[", b"]", b"{", b"}"),
    *(b",", b":", b"[" * 300, b'{"old":' * 200, b'"id":1,', b'"status":{},', b'"eventType":"document.x",'),
    *(b'"connectionMagicLinkSecret":"', b"\\u006dagic", b"2024-13-45T99:99:99", b"://", b"/*", b"'"),
]
"""What parsers stumble over, and what this one looks for."""


def examples() -> list[bytes]:
    """The published payloads: what mutation begins with."""
    folder = files("receiver.simulator") / "fixtures" / "webhooks"
    return [each.read_bytes() for each in folder.iterdir() if each.name.endswith(".json")]


def event(chance: random.Random, **more: object) -> bytes:
    """An event that fits."""
    told = {
        "id": chance.choice(CONNECTIONS),
        "eventType": chance.choice(TYPES),
        "status": chance.choice(STATUSES),
        "updated": "2024-05-01T10:00:00.123456789",
        "connectionMagicLinkSecret": MAGIC,
        "username": OWNER,
        **more,
    }
    return json.dumps(told, ensure_ascii=chance.random() < 0.5).encode()


def foreign(chance: random.Random) -> bytes:
    """An event that concerns no connection."""
    return event(chance, eventType=chance.choice(FOREIGN))


def misfit(chance: random.Random) -> bytes:
    """JSON that is no event."""
    return chance.choice(MISFITS)(chance)


def malformed(chance: random.Random) -> bytes:
    """What is not JSON."""
    return chance.choice(MALFORMED)(event(chance))


def deep(chance: random.Random) -> bytes:
    """More levels than any parser should follow."""
    body = chance.choice((b"[" * LEVELS + b"]" * LEVELS, b'{"a":' * LEVELS + b"1" + b"}" * LEVELS))
    return body if chance.random() < 0.5 else event(chance)[:-1] + b',"old":' + body + b"}"


def padded(body: bytes, size: int) -> bytes:
    """The same, of so many bytes."""
    return body[:-1] + b" " * (size - len(body)) + body[-1:]


def mutated(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One of these, changed here and there."""
    body = chance.choice(corpus)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        body = chance.choice(MUTATIONS)(chance, body, corpus)
    return body


def _span(chance: random.Random, body: bytes) -> tuple[int, int]:
    start = int(chance.random() * len(body))
    return start, min(len(body), start + int(chance.random() * 20) + 1)


def _cut(chance: random.Random, body: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, body)
    return body[:start] + body[end:]


def _repeat(chance: random.Random, body: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, body)
    return body[:start] + body[start:end] * chance.choice((2, 2, 30)) + body[end:]


def _insert(chance: random.Random, body: bytes, _: Sequence[bytes]) -> bytes:
    start, _end = _span(chance, body)
    return body[:start] + chance.choice(TOKENS) + body[start:]


def _replace(chance: random.Random, body: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, body)
    return body[:start] + chance.choice(TOKENS) + body[end:]


def _scramble(chance: random.Random, body: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, body)
    return body[:start] + chance.randbytes(end - start) + body[end:]


def _truncate(chance: random.Random, body: bytes, _: Sequence[bytes]) -> bytes:
    return body[: int(chance.random() * len(body))]


def _splice(chance: random.Random, body: bytes, corpus: Sequence[bytes]) -> bytes:
    other = chance.choice(corpus)
    return body[: int(chance.random() * len(body))] + other[int(chance.random() * len(other)) :]


def _revalue(chance: random.Random, body: bytes, _: Sequence[bytes]) -> bytes:
    """Another value behind some colon: what stays JSON gets further than what does not."""
    colon = body.find(b":", int(chance.random() * len(body)))
    ends = [end for end in (body.find(b",", colon), body.find(b"}", colon)) if end > 0]
    if colon < 0 or not ends:
        return body
    value = chance.choice((b"null", b"[]", b"{}", b"0", b"true", b'"x"', b"1e999", b"[[[]]]", b'"\\u0000"'))
    return body[: colon + 1] + value + body[min(ends) :]


MUTATIONS = (_cut, _repeat, _insert, _replace, _scramble, _truncate, _splice, _revalue, _revalue, _revalue)

MISFITS: list[Callable[[random.Random], bytes]] = [
    lambda chance: chance.choice((b"null", b"[]", b"{}", b'"x"', b"1e999", b"true", b"-0", b"[{}]")),
    lambda chance: event(chance, id=chance.choice(("", "x", 7, None, [], MAGIC))),
    lambda chance: event(chance, updated=chance.choice((True, [], "yesterday", OWNER))),
    lambda chance: event(chance, accounts=[0] * chance.choice((1, 5, 3000))),
    lambda chance: event(chance, status=[STATUSES]),
    lambda chance: event(chance)[:-1] + b',"id":"x"}',
]
MALFORMED: list[Callable[[bytes], bytes]] = [
    lambda body: body[:-1],
    lambda body: body[: len(body) // 2],
    lambda body: b"",
    lambda body: body + body,
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: body[:-1] + b',"x":"\x00"}',
    lambda body: body[:-1] + b',"x":"\\ud800"}',
    lambda body: body[:-1] + b',"x":"\xe9"}',
    lambda body: body[:-1] + b',"x":NaN}',
    lambda body: body[:-1] + b',"x":' + b"9" * 20_000 + b"}",
    lambda body: body.decode().encode("utf-16"),
    lambda body: b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
]
