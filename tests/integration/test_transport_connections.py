"""When connections are opened, used again and closed: by our transport as by httpx's own."""

import asyncio
import gc
import socket
import ssl
import time
import warnings
from collections.abc import AsyncIterator

import httpx
import pytest
import trustme

from receiver.nectar import Nectar
from receiver.transport import ByHttpx, OverAiohttp, make_transport, no_cookies
from tests.integration.wire import KINDS, Line, always, answer, serving

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """What is kept and closed is up to the event loop too; the worker's is uvloop."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture(params=KINDS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=KINDS[request.param](), timeout=5) as made:
        yield made


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An issuer that no machine trusts by itself."""
    return trustme.CA()


@pytest.fixture
def shown(authority: trustme.CA) -> ssl.SSLContext:
    """What a server shows its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "acme.example").configure_cert(context)
    return context


async def test_a_connection_is_used_by_one_request_after_another(client: httpx.AsyncClient) -> None:
    async with serving(always(answer())) as server:
        for method in ("GET", "POST", "DELETE", "HEAD", "GET"):
            await client.request(method, server.url)
        assert server.lines == 1


async def test_those_at_a_time_have_one_each(client: httpx.AsyncClient) -> None:
    async with serving(always(answer(b"x"), pause=0.05)) as server:
        await asyncio.gather(*(client.get(server.url) for _ in range(7)))
        await asyncio.gather(*(client.get(server.url) for _ in range(7)))
        assert server.lines == 7


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_closed_meanwhile_is_no_trouble(client: httpx.AsyncClient, method: str) -> None:
    """Not even when the event loop was busy with something else from the closing until the request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def hang_up_at_once() -> None:
            for _ in range(4):
                line, _ = listener.accept()
                with line:
                    while not line.recv(65536).endswith(b"body"):
                        pass
                    line.sendall(answer(b"x"))
                    time.sleep(0.02)

        hanging_up = asyncio.create_task(asyncio.to_thread(hang_up_at_once))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for _ in range(4):
            assert (await client.request(method, url, content=b"body")).text == "x"
            time.sleep(0.05)  # noqa: ASYNC251 - that is the point
        await hanging_up


async def test_a_connection_that_says_close_is_closed(client: httpx.AsyncClient) -> None:
    async with serving(always(answer(b"x", "Connection: close"))) as server:
        for _ in range(3):
            await client.get(server.url)
        assert server.lines == 3


async def test_an_answer_that_is_not_read_leaves_no_connection(client: httpx.AsyncClient) -> None:
    async with serving(always(answer(bytes(5_000_000)))) as server:
        for _ in range(3):
            async with client.stream("GET", server.url):
                pass
        assert server.lines == 3
        await asyncio.sleep(0.05)
        assert not server.open


@pytest.mark.parametrize("moment", ["before", "halfway"])
async def test_a_request_given_up_spoils_no_other(client: httpx.AsyncClient, moment: str) -> None:
    """Its connection is closed, so that no answer goes to somebody else."""
    begin = b"" if moment == "before" else answer(b"12345")[:-2]

    async def slow(line: Line) -> None:
        while "slow" in await line.head():
            await line.send(begin, pause=0.3)
            await line.send(answer(b"too late"))
        await line.send(answer(b"quick"))
        await line.reader.read()

    async with serving(slow) as server:
        for _ in range(3):
            given_up = asyncio.create_task(client.get(f"{server.url}slow"))
            await asyncio.sleep(0.05)
            given_up.cancel()
            await asyncio.wait({given_up})
            assert given_up.cancelled()
            assert (await client.get(f"{server.url}now")).text == "quick"
        await asyncio.sleep(0.35)
        assert len(server.open) <= 1, "none leaks"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_given_up_gives_its_place_back(kind: str) -> None:
    transport = KINDS[kind](limits=httpx.Limits(max_connections=1))
    async with httpx.AsyncClient(transport=transport) as client, serving(always(b"", pause=60)) as hangs:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.get(hangs.url)
        async with serving(always(answer(b"x"))) as server:
            assert (await client.get(server.url)).text == "x"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_certificate_is_looked_at(kind: str, authority: trustme.CA, shown: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with serving(always(answer(b"x")), tls=shown) as server:
        url = f"https://127.0.0.1:{server.port}/"
        async with httpx.AsyncClient(transport=KINDS[kind]()) as wary:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await wary.get(url)
        async with httpx.AsyncClient(transport=KINDS[kind](verify=False)) as careless:
            assert (await careless.get(url)).text == "x"
        async with httpx.AsyncClient(transport=KINDS[kind](verify=trusting)) as client:
            for _ in range(2):
                assert (await client.get(url)).text == "x"
            assert server.lines == 2, "the connection is used again"
            named = {"sni_hostname": "acme.example"}
            assert (await client.get(url, extensions=named)).text == "x"
        async with httpx.AsyncClient(transport=KINDS[kind](verify=trusting)) as client:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get(url, extensions={"sni_hostname": "other.example"})


@pytest.mark.parametrize("tls", [False, True])
async def test_what_was_open_is_closed_in_silence(shown: ssl.SSLContext, tls: bool) -> None:
    async with serving(always(answer(b"x")), tls=shown if tls else None) as server:
        with warnings.catch_warnings(record=True) as said:
            transport = OverAiohttp(verify=False)
            async with httpx.AsyncClient(transport=transport) as client:
                await client.get(f"http{'s' if tls else ''}://127.0.0.1:{server.port}/")
            await asyncio.sleep(0.05)
            del client, transport
            gc.collect()
        assert not said
        assert not server.open


async def test_a_transport_that_was_never_used_is_closed_too() -> None:
    async with httpx.AsyncClient(transport=OverAiohttp()):
        pass


async def test_whom_the_environment_gives_a_proxy_has_that_of_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_PROXY, whose rules httpx knows."""
    async with serving(always(answer(b"by proxy"))) as proxy, serving(always(answer(b"at once"))) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        assert isinstance(make_transport(), OverAiohttp)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        transport = make_transport()
        assert isinstance(transport, ByHttpx)
        async with httpx.AsyncClient(transport=transport, cookies=no_cookies()) as client:
            assert (await client.get(server.url)).text == "at once"
            reply = await client.get("http://target.example/hush?a", auth=("pat", "hush"))
            assert reply.text == "by proxy"
            assert proxy.heads[0].startswith("GET http://target.example/hush?a HTTP/1.1\r\n")
            with pytest.raises(httpx.ConnectError):
                await client.get("http://127.0.0.1:1/")
        async with Nectar("http://nectar.example/v2", "example-api-key") as nectar:
            await nectar.ping()
            assert proxy.heads[1].startswith("GET http://nectar.example/v2/ping HTTP/1.1\r\n")
