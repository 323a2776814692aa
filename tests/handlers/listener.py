"""A real web server on a socket, in the test's own event loop: it keeps what it is posted.

Whoever blocks the event loop while it sends gets no answer from it.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Posted:
    """A request that came."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    conversation: int
    """Number of the connection that it came by."""


@dataclass
class Listener:
    """What came so far, and what is answered: to the first `answers[0]`, and to all that follow the last."""

    answers: list[str]
    """Each a status line without its version; headers after it, on lines of their own."""
    endless: bool = False
    """The body of an answer never ends."""
    posted: list[Posted] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    """What clients called us when they opened a connection over TLS."""
    port: int = 0
    conversations: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it hangs up."""
        self.conversations += 1
        number = self.conversations
        try:
            while True:
                self.posted.append(await _read(reader, number))
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: {10**12 if self.endless else 0}\r\n\r\n".encode())
        while self.endless:
            writer.write(bytes(65536))
            await writer.drain()


async def _read(reader: asyncio.StreamReader, conversation: int) -> Posted:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    first, *lines = head.strip().split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Posted(first.split()[1], headers, body, conversation)


@asynccontextmanager
async def listen(
    *answers: str, endless: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    """Serve on a free port of this machine."""
    listener = Listener([*answers] or ["202 Accepted"], endless)
    if tls is not None:
        tls.sni_callback = lambda connection, name, context: listener.names.append(name)
    server = await asyncio.start_server(listener.converse, "127.0.0.1", 0, ssl=tls)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        server.close()
