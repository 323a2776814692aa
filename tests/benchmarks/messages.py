"""Signed webhooks, made before they are needed: to sign one takes as long as to answer it."""

import json
import random
import string
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from receiver.signature import sign
from receiver.simulator import catalogue

KEY = b"a key of twenty-four byte"
NAMESPACE = UUID(int=7)
PATH = "/webhooks/nectar"
TYPE = "connection.updated.v2"
BASE62 = string.ascii_letters + string.digits
SIZE = 1024
"""Bytes."""


@cache
def connection_id(number: int) -> str:
    """The connection of this number, the same in all processes."""
    return str(uuid5(NAMESPACE, str(number)))


@cache
def body(number: int) -> bytes:
    """What Nectar posts about a connection, made 1 kB by a login page with a long address."""
    payload = {**catalogue.webhook("with-owner"), "id": connection_id(number)}
    short = len(_written(payload))
    return _written({**payload, "url": f"{payload['url']}/?next={'a' * (SIZE - short - len('/?next='))}"})


def _written(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def message_ids() -> Iterator[str]:
    """Ids of messages as Svix makes them, no two alike."""
    while True:
        yield f"msg_{''.join(random.choices(BASE62, k=27))}"


def signed(message: str, number: int) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a webhook about the connection of this number, signed now."""
    payload, stamp = body(number), int(time.time())
    return headers(message, payload, stamp), payload


def headers(message: str, payload: bytes, stamp: int) -> dict[str, str]:
    """A webhook's headers."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Svix-Webhooks/1.0",
        "svix-id": message,
        "svix-timestamp": str(stamp),
        "svix-signature": sign(KEY, message, stamp, payload),
        "Content-Length": str(len(payload)),
    }


def request(message: str, payload: bytes, stamp: int) -> bytes:
    """A webhook as it goes over the wire."""
    lines = [f"{name}: {value}\r\n" for name, value in headers(message, payload, stamp).items()]
    return f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{''.join(lines)}\r\n".encode() + payload


def write_requests(file: Path, number: int, connections: int) -> None:
    """So many different messages over so many connections, each after a line with its length in bytes."""
    bodies = [body(each) for each in range(connections)]
    stamp, ids = int(time.time()), message_ids()
    with file.open("wb") as out:
        for place in range(number):
            made = request(next(ids), bodies[place % connections], stamp)
            out.write(b"%d\n%s" % (len(made), made))
