"""An answer in one write."""

import asyncio

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class Joined(asyncio.Transport):
    """A transport that keeps the head of an answer until the first of its body comes.

    uvicorn writes them apart, and uvloop makes a call of the kernel of each write, which wakes the receiver
    and takes longer than to verify the message. That a head may wait is said in ASGI's own words:
    https://asgi.readthedocs.io/en/latest/specs/www.html#response-start-send-event
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self.is_closing = transport.is_closing  # type: ignore[method-assign]  # as it is, without a way through us
        self._transport = transport
        self._answering: RequestResponseCycle | None = None
        self._head = b""

    def expect(self, cycle: RequestResponseCycle) -> None:
        """The next answer is that to this request: what is written first when it has started is its head."""
        self._answering = cycle

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write it, after the head if there is one; a head is kept."""
        if self._answering is not None and self._answering.response_started:
            self._answering = None
            self._head = bytes(data)
            return
        head, self._head = self._head, b""
        self._transport.write(head + data)

    def flush(self) -> None:
        """Nothing comes after the head, as in the answer to HEAD."""
        if self._head and not self.is_closing():
            self.write(b"")

    def close(self) -> None:
        """Write what was kept, and close."""
        self.flush()
        self._transport.close()
