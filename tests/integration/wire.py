"""Web servers that do byte for byte as a test says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

from receiver.transport import OverAiohttp

KINDS: dict[str, Callable[..., httpx.AsyncBaseTransport]] = {
    "aiohttp": OverAiohttp,
    "httpx": httpx.AsyncHTTPTransport,
}
"""Our transport and httpx's own, which is the measure."""

Script = Callable[["Line"], Awaitable[None]]


@dataclass
class Line:
    """One connection, as the server sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    """1 is the first."""
    heads: list[str]
    """Heads of the requests that came to the server, by any connection."""

    async def head(self) -> str:
        """The next request's head. Raises IncompleteReadError when there is none any more."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heads.append(head)
        return head

    async def request(self) -> bytes:
        """The next request's body, by its Content-Length or its chunks."""
        head = (await self.head()).lower()
        if "transfer-encoding: chunked" not in head:
            length = head.partition("content-length: ")[2].partition("\r\n")[0]
            return await self.reader.readexactly(int(length or 0))
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readuntil(b"\r\n")
        return body

    async def send(self, *parts: bytes, pause: float = 0.0) -> None:
        """Send these, with so many seconds after each."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(pause)

    def reset(self) -> None:
        """Cut the connection off."""
        self.writer.transport.abort()


@dataclass
class Server:
    """What came to it so far."""

    port: int = 0
    lines: int = 0
    """Connections that were opened."""
    heads: list[str] = field(default_factory=list)
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """An answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Each connection is served by the script, and closed when that ends."""
    server = Server()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.lines += 1
        server.open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await script(Line(reader, writer, server.lines, server.heads))
        server.open.discard(writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for writer in server.open:
            writer.transport.abort()


def always(*parts: bytes, pause: float = 0.0) -> Script:
    """Answers every request with this."""

    async def script(line: Line) -> None:
        while True:
            await line.request()
            await line.send(*parts, pause=pause)

    return script
