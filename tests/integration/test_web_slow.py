"""Senders that are slow, or that come to no end: they are waited for so long, and hold up nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from receiver.web.body import read
from receiver.web.guarded import LARGEST_HEAD, Guarded
from receiver.web.problems import HANDLERS
from tests.integration.webhooks import (
    PATH,
    Router,
    encoded,
    payload,
    problem,
    read_answer,
    request,
    serve,
    signed,
)

pytestmark = pytest.mark.anyio

WHOLE = request(b"{" + b" " * 99)


async def patient(asked: Request) -> Response:
    """An endpoint that waits no longer for a body than a test can."""
    return PlainTextResponse(await read(asked.receive, slowest=0.2))


class Hurried(Guarded):
    """Waits no longer for a head than a test can."""

    slowest_head = 0.2


@asynccontextmanager
async def in_a_hurry(http: type[Guarded] = Hurried) -> AsyncIterator[int]:
    """The port of a server that is impatient while the block runs."""
    app = Starlette(routes=[Route(PATH, patient, methods=["POST"])], exception_handlers=HANDLERS)
    async with serve(app, http) as port:
        yield port


async def test_a_body_that_comes_byte_by_byte_is_taken(router: Router) -> None:
    body = encoded(payload())
    reader, writer = await asyncio.open_connection("127.0.0.1", router.port)
    for byte in request(body, signed(body)):
        writer.write(bytes([byte]))
        await writer.drain()
    assert (await read_answer(reader)).status_code == 202
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("sent", "late"),
    [(0, "headers"), (40, "headers"), (len(WHOLE) - 100, "body"), (len(WHOLE) - 99, "body")],
    ids=["nothing", "half of the headers", "no body", "hardly any body"],
)
@pytest.mark.parametrize("trickling", [0, 8])
async def test_what_does_not_come_in_time_is_answered_408_and_the_connection_ends(
    sent: int, late: str, trickling: int
) -> None:
    """Not even where a byte comes now and then is it waited for longer."""
    async with in_a_hurry() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE[:sent])
        for byte in WHOLE[sent : sent + trickling]:
            await asyncio.sleep(0.02)
            writer.write(bytes([byte]))
        answer = await read_answer(reader)
        assert problem(answer, 408)["detail"] == f"The {late} did not arrive within 0.2 seconds."
        assert answer.headers["connection"] == "close"
        # To a byte that comes after its end the kernel answers with a reset.
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_a_connection_that_is_kept_has_time_anew_for_each_request() -> None:
    async with in_a_hurry() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for pause in (0, 0.3, 0.3):
            await asyncio.sleep(pause)
            writer.write(WHOLE)
            assert (await read_answer(reader)).status_code == 200
        writer.write(WHOLE[:10])
        problem(await read_answer(reader), 408)
        writer.close()


class Forgetful(Hurried):
    """Keeps a connection on which nothing comes no longer than a test can wait."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        super().connection_made(transport)
        self.timeout_keep_alive = 1


@pytest.mark.parametrize("more", [b"", b"\r\n"], ids=["nothing", "an empty line"])
async def test_a_connection_on_which_nothing_more_comes_is_closed_without_a_word(more: bytes) -> None:
    async with in_a_hurry(Forgetful) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE)
        assert (await read_answer(reader)).status_code == 200
        writer.write(more)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_the_rest_of_a_body_that_was_refused_is_not_taken_for_a_head(router: Router) -> None:
    """However large it is, the next request on the connection is answered."""
    rest = b"x" * (2 * LARGEST_HEAD)
    refused = request(b"", {"content-type": "text/plain"}, length=len(rest))
    reader, writer = await asyncio.open_connection("127.0.0.1", router.port)
    writer.write(refused)
    problem(await read_answer(reader), 415)
    writer.write(rest + request(body := encoded(payload()), signed(body)))
    assert (await read_answer(reader)).status_code == 202
    writer.close()
    await writer.wait_closed()


async def test_headers_without_end_are_answered_431_and_the_connection_ends(router: Router) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", router.port)
    writer.write(request(b"")[:-2] + b"x-endless: ")
    for _ in range(LARGEST_HEAD // 0x10000):
        writer.write(b"x" * 0x10000)
    problem(await read_answer(reader), 431)
    writer.close()


async def test_a_flood_of_requests_in_one_go_is_answered_in_order_and_in_no_time(router: Router) -> None:
    flood = b"GET /healthz HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\n\r\n" * 1000
    reader, writer = await asyncio.open_connection("127.0.0.1", router.port)
    writer.write(flood)
    async with asyncio.timeout(30):
        answers = [(await read_answer(reader)).status_code for _ in range(2000)]
    assert answers == [200, 404] * 1000
    writer.close()
