"""One write an answer: each is a call of the kernel, and wakes who waits for it."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from receiver.web.answers import Ready
from receiver.web.guarded import Guarded
from tests.integration.webhooks import read_answer, serve

pytestmark = pytest.mark.anyio


class Watched(Guarded):
    """Counts what goes out on all connections."""

    writes: list[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look over the transport's shoulder."""
        super().connection_made(Seen(transport, self.writes))


class Seen(asyncio.Transport):
    """A transport, and a list of what was written to it."""

    def __init__(self, transport: Any, writes: list[bytes]) -> None:
        super().__init__()
        self._transport = transport
        self._writes = writes
        for name in ("close", "is_closing", "get_extra_info", "pause_reading", "resume_reading"):
            setattr(self, name, getattr(transport, name))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """As uvloop: nothing is no write."""
        if data:
            self._writes.append(bytes(data))
            self._transport.write(data)


ANSWER = b'{"status":"accepted"}'


async def short(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer that is all there, to a request whose body may never come."""
    await Ready(202, ANSWER)(scope, receive, send)


async def long(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer in pieces."""
    await StreamingResponse(iter(["some", "more"]))(scope, receive, send)


class Stamping:
    """A middleware that puts a header on all answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As an ASGI application."""

        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", b"1")]
            await send(message)

        await self._app(scope, receive, stamp)


async def talk(sent: bytes, app: ASGIApp) -> tuple[bytes, list[bytes]]:
    """All that is answered on one connection until it is closed, and the writes that it took."""
    writes: list[bytes] = []
    async with serve(app, type("Watching", (Watched,), {"writes": writes})) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(10):
            answered = await reader.read()
        writer.close()
        await writer.wait_closed()
    return answered, writes


def asking(last: bool = True, version: str = "1.1") -> bytes:
    """A request; after the last the connection is closed."""
    close = "connection: close\r\n" if last else ""
    return f"POST / HTTP/{version}\r\nhost: router\r\ncontent-length: 2\r\n{close}\r\n{{}}".encode()


async def test_an_answer_is_one_write_and_so_is_each_of_several_in_a_row() -> None:
    """With what every answer has, and the last says that it is."""
    answered, writes = await talk(asking(last=False) * 3 + asking(), alive(short))
    assert answered == b"".join(writes)
    assert len(writes) == 4
    for write in writes:
        head, _, body = write.partition(b"\r\n\r\n")
        status, *lines = head.lower().split(b"\r\n")
        headers = dict(line.split(b": ") for line in lines)
        assert status == b"http/1.1 202 accepted"
        assert body == ANSWER
        assert headers.keys() - {b"connection"} == {b"date", b"server", b"content-length", b"content-type"}
        assert int(headers[b"content-length"]) == len(ANSWER)
        assert headers.get(b"connection") == (b"close" if write is writes[-1] else None)


async def test_a_sender_that_speaks_http_1_0_has_one_answer_and_then_the_end() -> None:
    answered, writes = await talk(asking(last=False, version="1.0"), alive(short))
    assert answered.endswith(b"\r\nconnection: close\r\n\r\n" + ANSWER)
    assert len(writes) == 1


async def test_an_answer_goes_through_a_middleware_that_somebody_has_put_in_its_way() -> None:
    answered, _ = await talk(asking(), alive(Stamping(short)))
    assert b"\r\nx-stamp: 1\r\n" in answered
    assert answered.endswith(b"\r\n\r\n" + ANSWER)


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.said.append(record.getMessage())


class Logged(Guarded):
    """Keeps an access log, as uvicorn does where the application is run by its own command."""

    lines: Lines

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        super().connection_made(transport)
        self.access_log = True
        self.access_logger = logging.Logger("access", logging.INFO)
        self.access_logger.addHandler(self.lines)


async def test_an_answer_is_in_uvicorn_s_access_log_where_there_is_one() -> None:
    lines = Lines()
    async with serve(alive(short), type("Logging", (Logged,), {"lines": lines})) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asking())
        assert (await read_answer(reader)).content == ANSWER
        writer.close()
        await writer.wait_closed()
    [line] = lines.said
    assert line.endswith('"POST / HTTP/1.1" 202')


async def test_an_answer_in_pieces_comes_whole() -> None:
    answered, writes = await talk(asking(), alive(long))
    assert answered.endswith(b"\r\n\r\n4\r\nsome\r\n4\r\nmore\r\n0\r\n\r\n")
    assert writes[0].startswith(b"HTTP/1.1 200 OK")


async def test_the_connection_stays_after_an_answer_in_one_write() -> None:
    async with serve(alive(short)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(asking(last=False))
            assert (await read_answer(reader)).content == ANSWER
        writer.close()
        await writer.wait_closed()


def alive(app: ASGIApp) -> ASGIApp:
    """The app, with the beginning and the end that a server asks for."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        await (Starlette() if scope["type"] == "lifespan" else app)(scope, receive, send)

    return asked
