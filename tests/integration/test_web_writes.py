"""One write an answer: each is a call of the kernel, and wakes who waits for it."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

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


async def short(request: Request) -> Response:
    """An answer in one piece."""
    return PlainTextResponse("all of it")


async def long(request: Request) -> Response:
    """An answer in pieces."""
    return StreamingResponse(iter(["some", "more"]))


APP = Starlette(routes=[Route("/short", short), Route("/long", long)])
HEAD_OF_SHORT = b"content-length: 9\r\ncontent-type: text/plain; charset=utf-8\r\n"


async def talk(sent: bytes) -> tuple[bytes, list[bytes]]:
    """All that is answered on one connection until it is closed, and the writes that it took."""
    writes: list[bytes] = []
    async with serve(APP, type("Watching", (Watched,), {"writes": writes})) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(10):
            answered = await reader.read()
        writer.close()
        await writer.wait_closed()
    return answered, writes


def asking(method: str, path: str, last: bool = True) -> bytes:
    """A request; after the last the connection is closed."""
    close = "connection: close\r\n" if last else ""
    return f"{method} {path} HTTP/1.1\r\nhost: router\r\n{close}\r\n".encode()


async def test_an_answer_is_one_write_and_so_is_each_of_several_in_a_row() -> None:
    sent = asking("GET", "/short", last=False) * 3 + asking("GET", "/short")
    answered, writes = await talk(sent)
    assert answered.count(b"all of it") == 4
    assert [write.count(b"HTTP/1.1 200 OK") for write in writes] == [1, 1, 1, 1]
    assert all(write.endswith(b"\r\n\r\nall of it") for write in writes)


async def test_an_answer_to_head_is_not_held_back_whether_the_connection_stays_or_not() -> None:
    answered, writes = await talk(asking("HEAD", "/short", last=False) + asking("HEAD", "/short"))
    assert answered.count(HEAD_OF_SHORT) == len(writes) == 2
    assert answered.endswith(b"\r\n\r\n")


async def test_an_answer_in_pieces_comes_whole() -> None:
    answered, writes = await talk(asking("GET", "/long"))
    assert answered.endswith(b"\r\n\r\n4\r\nsome\r\n4\r\nmore\r\n0\r\n\r\n")
    assert writes[0].startswith(b"HTTP/1.1 200 OK")
    assert writes[0].endswith(b"4\r\nsome\r\n")


async def test_the_connection_stays_after_an_answer_in_one_write() -> None:
    async with serve(APP) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(asking("GET", "/short", last=False))
            assert (await read_answer(reader)).text == "all of it"
        writer.close()
        await writer.wait_closed()
