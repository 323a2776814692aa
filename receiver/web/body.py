"""Reading a request's body within limits."""

import asyncio
from collections.abc import Mapping

from starlette.requests import ClientDisconnect, Request

from receiver.web.problems import Problem

JSON = "application/json"
LARGEST = 1024 * 1024
"""Bytes."""
SLOWEST = 10.0
"""Seconds within which a body must have arrived; Svix gives up on us after fifteen."""


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise Problem unless the body is declared as JSON in UTF-8, not compressed, and not too large."""
    kind, *parameters = headers.get("content-type", "").lower().replace(" ", "").split(";")
    charsets = {
        each.removeprefix("charset=").strip('"') for each in parameters if each.startswith("charset=")
    }
    if kind != JSON or charsets - {"utf-8", "utf8"}:
        raise Problem(415, "The body must be application/json in UTF-8.", headers={"Accept": JSON})
    if headers.get("content-encoding", "identity").lower() != "identity":
        why = "The body must not be compressed: its signature is over it as it is."
        raise Problem(415, why, headers={"Accept-Encoding": "identity"})
    declared = headers.get("content-length", "0")[:20]
    if declared.isdecimal() and int(declared) > LARGEST:
        raise too_large()


async def read(request: Request, slowest: float = SLOWEST) -> bytes:
    """The body. Raises Problem as soon as it is too large, or too slow."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(slowest):
            async for part in request.stream():
                size += len(part)
                if size > LARGEST:
                    raise too_large()
                parts.append(part)
    except TimeoutError:
        why = f"The body did not arrive within {slowest:g} seconds."
        raise Problem(408, why, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Problem(400, "The connection ended before the body did.") from None
    return b"".join(parts)


def too_large() -> Problem:
    """The answer to a body beyond the limit. The rest of it is not read, so the connection ends."""
    return Problem(413, f"The body must not be larger than {LARGEST} bytes.", headers={"Connection": "close"})
