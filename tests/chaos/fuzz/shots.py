"""A request as bytes, and what may be answered to it."""

import random
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hmac import digest

from tests.chaos.house import KEY

PATH = b"/webhooks/nectar"
JSON = (b"content-type", b"application/json")
Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Shot:
    """One request."""

    kind: str
    data: bytes
    expected: frozenset[int]
    """The answers that are right."""
    body: bytes = b""
    """The body, where it is worth a further mutation when the answer is a new one."""
    message: str = ""
    """The id of the message that is authentic."""
    to_head: bool = False
    """The answer has no body, whatever its headers say."""
    last: bool = False
    """The connection ends with the answer."""
    garbage: bool = False
    """It may not be HTTP: there may be no answer, or none yet."""


def request(
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes = b"",
    *,
    path: bytes = PATH,
    method: bytes = b"POST",
    version: bytes = b"HTTP/1.1",
    chunks: Iterable[int] = (),
) -> bytes:
    """The request; with `chunks` (their sizes) its body is sent in chunks."""
    lines = [b"%s %s %s\r\nhost: router\r\n" % (method, path, version)]
    lines += [b"%s: %s\r\n" % header for header in headers]
    if chunks:
        return b"".join([*lines, b"transfer-encoding: chunked\r\n\r\n", *_chunked(body, chunks)])
    return b"".join([*lines, b"content-length: %d\r\n\r\n" % len(body), body])


def _chunked(body: bytes, sizes: Iterable[int]) -> Iterable[bytes]:
    start = 0
    for size in sizes:
        if part := body[start : start + size]:
            yield b"%x\r\n%s\r\n" % (len(part), part)
        start += size
    if rest := body[start:]:
        yield b"%X;x=y\r\n%s\r\n" % (len(rest), rest)
    yield b"0\r\n\r\n"


def signed(
    body: bytes, message: str, *, key: bytes = KEY, age: float = 0, family: bytes = b"svix"
) -> Headers:
    """The three headers that make a body authentic."""
    stamp = b"%d" % (time.time() - age)
    signature = b64encode(digest(key, b"%s.%s.%s" % (message.encode(), stamp, body), "sha256"))
    return [
        (family + b"-id", message.encode()),
        (family + b"-timestamp", stamp),
        (family + b"-signature", b"v1," + signature),
    ]


def flipped(chance: random.Random, data: bytes) -> bytes:
    """The same with one bit another."""
    place = int(chance.random() * len(data))
    return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
