"""One connection as bytes: what is sent on it, and the answers that come back."""

import asyncio
import re
from typing import cast

from tests.chaos.fuzz.tally import Answer

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)")
CONTINUE = b"HTTP/1.1 100 "
END = b"\r\n\r\n"


class Wire(asyncio.Protocol):
    """Unlike a stream, it still has what came before the connection was reset."""

    def __init__(self) -> None:
        self._data = b""
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Something of an answer."""
        self._data += data
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self.ended = True
        self._wake()

    def send(self, data: bytes) -> None:
        """Send this."""
        if not self.ended:
            self._transport.write(data)

    def abort(self) -> None:
        """Reset it."""
        self._transport.abort()

    def close(self) -> None:
        """End it in good order."""
        self._transport.close()

    async def answer(self, *, to_head: bool = False) -> Answer | None:
        """The next answer; None when the connection ends before it is complete."""
        while (found := self._take(to_head)) is None and not self.ended:
            await self._more()
        return found

    async def end(self) -> None:
        """Wait until it has ended."""
        while not self.ended:
            await self._more()

    async def _more(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _take(self, to_head: bool) -> Answer | None:
        while self._data.startswith(CONTINUE) and END in self._data:
            self._data = self._data.partition(END)[2]
        end = self._data.find(END)
        if end < 0:
            return None
        head = self._data[: end + 2]
        length = LENGTH.search(head)
        size = 0 if to_head or length is None else int(length[1])
        if len(self._data) < end + 4 + size:
            return None
        body = self._data[end + 4 : end + 4 + size]
        self._data = self._data[end + 4 + size :]
        return Answer(int(head[9:12]), head, body)
