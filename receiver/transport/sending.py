"""A request's body on its way out, with the time that each piece may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx

PIECE = 32 * 1024
"""Bytes that the sockets' own buffers hold: sending them waits for nobody."""


class Upload:
    """Gives a body piece by piece; `limit` runs while one is on its way, not while the next is made."""

    def __init__(self, request: httpx.Request, seconds: float | None) -> None:
        self._stream = request.stream
        self._seconds = seconds
        self.limit = asyncio.timeout(None)
        self.error: Exception | None = None
        """What the body's own iterator raised: a mistake of whoever made it."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._stream, httpx.AsyncByteStream)
        try:
            async for part in self._stream:
                for start in range(0, len(part), PIECE):
                    self._allow(self._seconds)
                    yield part[start : start + PIECE]
                    self._allow(None)
        except Exception as error:
            self.error = error
            raise

    def _allow(self, seconds: float | None) -> None:
        # Once an answer has begun this limit is over, and that on reading counts.
        with suppress(RuntimeError):
            now = asyncio.get_running_loop().time()
            self.limit.reschedule(None if seconds is None else now + seconds)


def small_body(request: httpx.Request) -> bytes | None:
    """The body, empty if there is none, where it can be sent at once; None: it is to be sent in pieces."""
    try:
        body = request.content
    except httpx.RequestNotRead:
        return None
    return body if len(body) <= PIECE else None
