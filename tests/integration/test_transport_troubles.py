"""Every trouble on the wire is the error that httpx has for it, whatever carries the requests.

Each promise is kept by our transport and by httpx's own, which is the measure.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.integration.wire import KINDS, Line, Script, always, answer, serving

pytestmark = pytest.mark.anyio

BRIEF = httpx.Timeout(0.2, pool=5)


@pytest.fixture(params=KINDS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=KINDS[request.param](), timeout=5) as made:
        yield made


async def trouble(client: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.TransportError:
    async with asyncio.timeout(10):
        with pytest.raises(httpx.TransportError) as caught:
            await client.request(method, url, **more)
    assert str(caught.value.request.url) == url
    assert "hush" not in f"{caught.value!r} {caught.value.__cause__!r}", "no error holds the URL"
    return caught.value


async def of_script(client: httpx.AsyncClient, script: Script, **more: Any) -> httpx.TransportError:
    async with serving(script) as server:
        error = await trouble(client, more.pop("method", "GET"), server.url + "hush", **more)
        assert len(server.heads) <= 1, "each request is sent once"
        return error


async def test_nobody_listens(client: httpx.AsyncClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = await trouble(client, "GET", f"http://127.0.0.1:{port}/hush")
    assert type(error) is httpx.ConnectError


async def test_there_is_no_such_name(client: httpx.AsyncClient) -> None:
    error = await trouble(client, "GET", "http://nobody.invalid/hush")
    assert type(error) is httpx.ConnectError


async def test_nobody_takes_the_call(client: httpx.AsyncClient) -> None:
    """The listener's queue is full, so that a further connection is not made."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        others = [socket.socket() for _ in range(3)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        await asyncio.sleep(0.05)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/hush"
        error = await trouble(client, "GET", url, timeout=BRIEF)
        for other in others:
            other.close()
    # A system that queues more calls than it was told to leaves the request without an answer instead.
    assert type(error) in (httpx.ConnectTimeout, httpx.ReadTimeout)


async def test_no_handshake_comes_to_an_end(client: httpx.AsyncClient) -> None:
    async def silent(line: Line) -> None:
        await line.reader.read()

    async with serving(silent) as server:
        url = f"https://127.0.0.1:{server.port}/hush"
        assert type(await trouble(client, "GET", url, timeout=BRIEF)) is httpx.ConnectTimeout


async def test_no_answer_begins(client: httpx.AsyncClient) -> None:
    assert type(await of_script(client, always(b"", pause=60), timeout=BRIEF)) is httpx.ReadTimeout


async def test_an_answer_stops_halfway(client: httpx.AsyncClient) -> None:
    error = await of_script(client, always(answer(b"12345")[:-2], pause=60), timeout=BRIEF)
    assert type(error) is httpx.ReadTimeout


async def test_a_slow_answer_is_no_trouble_while_it_goes_on(client: httpx.AsyncClient) -> None:
    async with serving(always(answer(b"12345")[:-3], b"3", b"4", b"5", pause=0.15)) as server:
        assert (await client.get(server.url, timeout=httpx.Timeout(0.4))).text == "12345"


async def test_nobody_reads_what_is_sent(client: httpx.AsyncClient) -> None:
    async def deaf(line: Line) -> None:
        await asyncio.sleep(60)

    error = await of_script(client, deaf, method="POST", content=bytes(30_000_000), timeout=BRIEF)
    assert type(error) is httpx.WriteTimeout


async def test_a_body_may_take_its_time_to_be_made(client: httpx.AsyncClient) -> None:
    async def slow() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.15)
            yield b"part"

    async with serving(always(answer(b"fine"))) as server:
        limits = httpx.Timeout(5, write=0.1)
        assert (await client.post(server.url, content=slow(), timeout=limits)).text == "fine"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_who_hangs_up_is_not_asked_again(client: httpx.AsyncClient, method: str) -> None:
    async def hang_up(line: Line) -> None:
        await line.request()

    error = await of_script(client, hang_up, method=method, content=b"x")
    assert isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_who_hangs_up_a_kept_connection_is_not_asked_again(
    client: httpx.AsyncClient, method: str
) -> None:
    async def hang_up(line: Line) -> None:
        await line.request()
        await line.send(answer())
        await line.request()

    async with serving(hang_up) as server:
        await client.get(server.url)
        await trouble(client, method, server.url, content=b"x")
        assert (len(server.heads), server.lines) == (2, 1)


async def test_a_connection_is_reset_halfway(client: httpx.AsyncClient) -> None:
    async def reset(line: Line) -> None:
        await line.request()
        await line.send(answer(b"12345")[:-2], pause=0.05)
        line.writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )
        line.reset()

    assert isinstance(await of_script(client, reset), httpx.ReadError | httpx.RemoteProtocolError)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(answer(b"12345")[:-2], id="a body cut short"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123", id="a chunk cut short"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", id="no last chunk"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", id="no chunks"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="a head cut short"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n12345", id="a length that is none"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", id="another protocol"),
        pytest.param(b"\0\1\2\3" * 99 + b"\r\n\r\n", id="garbage"),
    ],
)
async def test_what_is_not_http_is_a_mistake_of_theirs(client: httpx.AsyncClient, sent: bytes) -> None:
    async def once(line: Line) -> None:
        await line.head()
        await line.send(sent)

    assert type(await of_script(client, once)) is httpx.RemoteProtocolError


async def test_what_is_not_compressed_as_it_says_cannot_be_decoded(client: httpx.AsyncClient) -> None:
    async with serving(always(answer(b"not gzip", "Content-Encoding: gzip"))) as server:
        with pytest.raises(httpx.DecodingError):
            await client.get(server.url)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "//127.0.0.1/", "mailto:pat"])
async def test_no_url_for_http_is_a_mistake_of_ours(client: httpx.AsyncClient, url: str) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await client.get(url)


@pytest.mark.parametrize("headers", [{"X-Name": "a\r\nHost: b"}, {"X-Name\n": "a"}])
async def test_no_header_for_http_is_a_mistake_of_ours(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    error = await of_script(client, always(answer()), headers=headers)
    assert type(error) is httpx.LocalProtocolError


async def test_what_a_body_raises_while_it_is_made_is_raised(client: httpx.AsyncClient) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"part"
        raise KeyError("mine")

    async with serving(always(answer())) as server:
        with pytest.raises(KeyError, match="mine"):
            await client.post(server.url, content=broken())


@pytest.mark.parametrize("kind", KINDS)
async def test_no_place_comes_free(kind: str) -> None:
    transport = KINDS[kind](limits=httpx.Limits(max_connections=1))
    async with httpx.AsyncClient(transport=transport) as client, serving(always(answer(b"12345"))) as server:
        async with client.stream("GET", server.url):
            error = await trouble(client, "GET", server.url, timeout=httpx.Timeout(5, pool=0.1))
            assert type(error) is httpx.PoolTimeout
        assert (await client.get(server.url)).status_code == 200, "the place is free again"
