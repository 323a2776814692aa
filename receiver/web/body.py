"""Reading a request's body within limits."""

import asyncio
from collections.abc import Awaitable, Generator, Mapping
from typing import Any, Self, cast

from starlette.types import Message, Receive

from receiver.web.problems import Problem

JSON = "application/json"
LARGEST = 1024 * 1024
"""Bytes."""
SLOWEST = 10.0
"""Seconds within which a body must have arrived; Svix gives up on us after fifteen."""


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise Problem unless the body is declared as JSON in UTF-8, not compressed, and not too large."""
    kind = headers.get("content-type", "")
    if kind != JSON:
        _check_type(kind)
    if headers.get("content-encoding", "identity").lower() != "identity":
        why = "The body must not be compressed: its signature is over it as it is."
        raise Problem(415, why, headers={"Accept-Encoding": "identity"})
    declared = headers.get("content-length", "0")[:20]
    if declared.isdecimal() and int(declared) > LARGEST:
        raise too_large()


def _check_type(declared: str) -> None:
    kind, *parameters = declared.lower().replace(" ", "").split(";")
    charsets = {
        each.removeprefix("charset=").strip('"') for each in parameters if each.startswith("charset=")
    }
    if kind != JSON or charsets - {"utf-8", "utf8"}:
        raise Problem(415, "The body must be application/json in UTF-8.", headers={"Accept": JSON})


async def read(receive: Receive, slowest: float = SLOWEST) -> bytes:
    """The body. Raises Problem as soon as it is too large, or too slow."""
    body = bytearray()
    asked = Begun(receive())
    if asked.answered is not None and _add(asked.answered, body):
        return bytes(body)
    try:
        async with asyncio.timeout(slowest):
            complete = asked.answered is None and _add(await asked, body)
            while not complete:
                complete = _add(await receive(), body)
    except TimeoutError:
        why = f"The body did not arrive within {slowest:g} seconds."
        raise Problem(408, why, headers={"Connection": "close"}) from None
    return bytes(body)


class Begun:
    """A look at what has come, without waiting. Most bodies come with their head, and a timer costs the most.

    What had not come by then is awaited: the same call goes on, since not every server can be asked again.
    """

    answered: Message | None = None
    """What had come; None: nothing yet."""

    def __init__(self, asked: Awaitable[Message]) -> None:
        self._waiting = asked.__await__()
        self._pending: list[object] = []
        try:
            self._pending.append(next(self._waiting))
        except StopIteration as came:
            self.answered = came.value

    def __await__(self) -> Generator[Any, Any, Message]:
        return cast(Generator[Any, Any, Message], self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> object:
        # What the event loop must wait for was handed to us instead: it is handed on.
        return self._pending.pop() if self._pending else next(self._waiting)

    def throw(self, error: BaseException) -> object:
        return self._waiting.throw(error)

    def close(self) -> None:
        self._waiting.close()


def _add(message: Message, body: bytearray) -> bool:
    """Add what has come to the body; whether that is all of it."""
    if message["type"] == "http.disconnect":
        raise Problem(400, "The connection ended before the body did.")
    body += message.get("body", b"")
    if len(body) > LARGEST:
        raise too_large()
    return not message.get("more_body", False)


def too_large() -> Problem:
    """The answer to a body beyond the limit. The rest of it is not read, so the connection ends."""
    return Problem(413, f"The body must not be larger than {LARGEST} bytes.", headers={"Connection": "close"})
