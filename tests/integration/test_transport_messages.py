"""What goes out and what comes in is the same by our transport as by httpx's own."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from io import BytesIO

import httpx
import pytest

from tests.integration.wire import KINDS, Line, always, answer, serving

pytestmark = pytest.mark.anyio

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=KINDS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=KINDS[request.param](), timeout=5) as made:
        yield made


async def echo(line: Line) -> None:
    """Answers with what was posted."""
    while True:
        await line.send(answer(await line.request()))


async def parts() -> AsyncIterator[bytes]:
    """A body of unknown length; nothing is among its parts."""
    for part in (b"one ", b"", b"two ", b"three" * 20_000):
        yield part
        await asyncio.sleep(0)


WHOLE = b"one two " + b"three" * 20_000


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        pytest.param([answer(b"hello")], b"hello", id="of a length"),
        pytest.param([CHUNKED, b"2\r\nhe\r\n", b"3\r\nllo\r\n0\r\n\r\n"], b"hello", id="chunked"),
        pytest.param([answer()], b"", id="empty"),
        pytest.param([answer(gzip.compress(b"hello"), "Content-Encoding: gzip")], b"hello", id="gzip"),
        pytest.param([answer(b"brotli", "Content-Encoding: br")], b"brotli", id="brotli is left as it is"),
        pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n", answer(b"hello")], b"hello", id="100 first"),
        pytest.param(
            [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", answer(b"hello")], b"hello", id="103 first"
        ),
    ],
)
async def test_a_body_comes_whole(client: httpx.AsyncClient, sent: list[bytes], got: bytes) -> None:
    async with serving(always(*sent)) as server:
        for _ in range(2):
            reply = await client.get(server.url)
            assert (reply.content, reply.status_code, reply.reason_phrase) == (got, 200, "OK")
            assert reply.http_version == "HTTP/1.1"
            assert reply.elapsed.total_seconds() > 0
        assert server.lines == 1, "the connection is used again"


async def test_a_body_may_end_with_the_connection(client: httpx.AsyncClient) -> None:
    async def until_the_end(line: Line) -> None:
        await line.request()
        await line.send(b"HTTP/1.0 200 OK\r\n\r\nhello")

    async with serving(until_the_end) as server:
        reply = await client.get(server.url)
        assert (reply.text, reply.http_version) == ("hello", "HTTP/1.0")


@pytest.mark.parametrize(
    ("method", "sent", "status"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 200),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304),
    ],
)
async def test_some_answers_have_no_body(
    client: httpx.AsyncClient, method: str, sent: bytes, status: int
) -> None:
    async with serving(always(sent)) as server:
        for _ in range(2):
            reply = await client.request(method, server.url)
            assert (reply.status_code, reply.content) == (status, b"")
        assert server.lines == 1, "the connection is used again"


async def test_each_header_comes_as_it_was_sent(client: httpx.AsyncClient) -> None:
    headers = ["Set-Cookie: a=1; Path=/", "Set-Cookie: b=2", "X-Long: " + "x" * 60_000, "x-lower: \xe9"]
    headers += [f"X-{number}: {number}" for number in range(200)]
    async with serving(always(answer(b"", *headers))) as server:
        reply = await client.get(server.url)
    assert reply.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
    assert len(reply.headers["x-long"]) == 60_000
    assert reply.headers["x-199"] == "199"


async def test_the_transport_keeps_no_cookie(client: httpx.AsyncClient) -> None:
    async with serving(always(answer(b"", "Set-Cookie: a=1; Path=/"))) as server:
        for _ in range(2):
            await client.get(f"http://localhost:{server.port}/")
            client.cookies.clear()
        assert not any("cookie" in head.lower() for head in server.heads)


async def test_a_redirect_is_followed_when_it_is_asked_for(client: httpx.AsyncClient) -> None:
    async def move(line: Line) -> None:
        while True:
            moved = "GET / " in await line.head()
            there = answer(b"", "Location: /there", status="302 Found")
            await line.send(there if moved else answer(b"there"))

    async with serving(move) as server:
        assert (await client.get(server.url)).status_code == 302
        reply = await client.get(server.url, follow_redirects=True)
        assert (reply.text, len(reply.history)) == ("there", 1)


async def test_both_say_the_same() -> None:
    """Heads are the same whichever transport sends them, but for the order of their lines."""
    heads: list[list[str]] = []
    for kind in KINDS.values():
        async with httpx.AsyncClient(transport=kind()) as client, serving(echo) as server:
            url = f"http://pat:hush@127.0.0.1:{server.port}/a%20b/ü?c=d%2Fe&f#g"
            await client.get(url, headers={"X-Two": "a", "Accept-Language": "de"})
            await client.post(url, json={"a": "ü"}, headers={"Cookie": "a=1; b=2"})
            await client.put(url, content=b"", headers=[("X-Two", "a"), ("X-Two", "b")])
            await client.post(url, content=parts())
            await client.post(url, data={"a": "b c"}, headers={"Host": "elsewhere.example"})
            bare = httpx.Request("PATCH", server.url, content=b"b", extensions={"sni_hostname": "a.example"})
            await client.send(bare)
            heads.append([head.replace(str(server.port), "PORT") for head in server.heads])
    ours, measure = ([sorted(head.split("\r\n")) for head in each] for each in heads)
    assert ours == measure


async def test_a_body_goes_whole(client: httpx.AsyncClient) -> None:
    async with serving(echo) as server:
        assert (await client.post(server.url, json={"a": 1})).json() == {"a": 1}
        assert (await client.post(server.url, content=parts())).content == WHOLE
        assert (await client.put(server.url, content=bytes(3_000_000))).content == bytes(3_000_000)
        reply = await client.post(server.url, data={"a": "b"}, files={"file": ("name.txt", BytesIO(WHOLE))})
        assert b'filename="name.txt"' in reply.content
        assert WHOLE in reply.content
        assert server.lines == 1, "the connection is used again"


async def test_nobody_waits_to_be_asked_for_a_body(client: httpx.AsyncClient) -> None:
    async with serving(echo) as server, asyncio.timeout(5):
        reply = await client.post(server.url, content=b"body", headers={"Expect": "100-continue"})
        assert reply.content == b"body"


async def test_an_answer_may_come_before_all_was_sent() -> None:
    """httpx's own transport would send all of it first."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"more"
            await asyncio.sleep(0.01)

    async def refuse(line: Line) -> None:
        await line.head()
        await line.send(answer(b"enough", status="413 Content Too Large"))
        await line.reader.read()

    async with serving(refuse) as server, asyncio.timeout(5):
        async with httpx.AsyncClient(transport=KINDS["aiohttp"]()) as client:
            for _ in range(2):
                reply = await client.post(server.url, content=endless())
                assert (reply.status_code, reply.text) == (413, "enough")
        assert server.lines == 2, "a connection on which half a request stands is not used again"


async def test_a_stream_is_read_as_it_comes(client: httpx.AsyncClient) -> None:
    lines = [CHUNKED, b"4\r\none\n\r\n", b"4\r\ntwo\n\r\n", b"0\r\n\r\n"]
    async with serving(always(*lines, pause=0.02)) as server, client.stream("GET", server.url) as reply:
        assert [line async for line in reply.aiter_lines()] == ["one", "two"]


async def test_a_request_may_be_sent_with_credentials_and_hooks(client: httpx.AsyncClient) -> None:
    seen: list[str] = []

    async def hook(request: httpx.Request) -> None:
        seen.append(request.method)

    client.event_hooks = {"request": [hook]}
    async with serving(always(answer())) as server:
        await client.get(server.url, auth=("pat", "hush"))
        assert "Authorization: Basic cGF0Omh1c2g=" in server.heads[0]
    assert seen == ["GET"]
