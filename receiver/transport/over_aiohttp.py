"""aiohttp's client as a transport of httpx."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from typing import Any

import aiohttp
import httpx
from yarl import URL

from receiver.transport.failures import RAISED, as_httpx
from receiver.transport.sending import Upload, small_body

AS_HTTPX = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
"""What httpx has when nothing is said. But of connections that rest any number is kept, for as long."""
LONGEST_HEADER = 100 * 1024
"""Bytes, as many as httpx takes."""
MOST_HEADERS = 1000
HTTPX_SAYS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What aiohttp would add where httpx left it out."""
NOT_SENT = (b"transfer-encoding", b"expect")
"""aiohttp says itself how it sends a body. And nobody is asked whether they want it: httpx does not wait."""


class OverAiohttp(httpx.AsyncBaseTransport):
    """One pool of connections; each request is sent once, whatever becomes of it. No proxy, no cookies."""

    def __init__(self, verify: ssl.SSLContext | bool = True, limits: httpx.Limits = AS_HTTPX) -> None:
        self._keep = limits.keepalive_expiry
        self._slots = asyncio.Semaphore(limits.max_connections or 1_000_000)
        self._verify = verify
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it. Raises httpx.TransportError, and what the body's own iterator raises."""
        await self._take_slot(request)
        try:
            answer = await self._send(request)
        except BaseException:
            self._slots.release()
            raise
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(answer, request, self._slots.release),
            extensions=_extensions(answer),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _take_slot(self, request: httpx.Request) -> None:
        if self._slots.locked():
            try:
                async with asyncio.timeout(_seconds(request, "pool")):
                    await self._slots.acquire()
            except TimeoutError:
                raise httpx.PoolTimeout("", request=request) from None
        else:
            await self._slots.acquire()

    async def _send(self, request: httpx.Request) -> aiohttp.ClientResponse:
        # That a connection which was kept has been closed is known once the event loop has looked at it, and
        # has then acted upon what it saw. httpx looks at the socket itself.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        body = small_body(request)
        upload = Upload(request, _seconds(request, "write")) if body is None else None
        try:
            if upload is None:
                return await self._ask(request, body or None)
            async with upload.limit:
                return await self._ask(request, upload)
        except Exception as error:
            if upload and upload.error:
                raise upload.error from error
            if upload and upload.limit.expired():
                raise httpx.WriteTimeout("", request=request) from None
            raise as_httpx(error.first if isinstance(error, _Once) else error, request) from None

    async def _ask(self, request: httpx.Request, body: bytes | Upload | None) -> aiohttp.ClientResponse:
        session = self._session or self._open()
        url = request.url
        if url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"not http:// or https://, but {url.scheme!r}", request=request)
        # Not with the user and the password that may stand in it: httpx has made a header of them.
        target = request.extensions.get("target", url.raw_path)
        address = b"%s://%s%s" % (url.raw_scheme, url.netloc, target)
        return await session.request(
            request.method,
            URL(address.decode("ascii"), encoded=True),
            headers=[
                (name.decode("ascii"), value.decode())
                for name, value in request.headers.raw
                if name.lower() not in NOT_SENT
            ],
            data=body,
            allow_redirects=False,
            timeout=_limits(_seconds(request, "connect"), _seconds(request, "read")),
            server_hostname=request.extensions.get("sni_hostname"),
        )

    def _open(self) -> aiohttp.ClientSession:
        verify = httpx.create_ssl_context() if self._verify is True else self._verify
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=self._keep, ssl=verify),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=HTTPX_SAYS,
            auto_decompress=False,
            max_field_size=LONGEST_HEADER,
            max_headers=MOST_HEADERS,
            middlewares=(_once,),
        )
        return self._session


class _Once(Exception):  # noqa: N818 - it is how an error gets past aiohttp, and goes no further
    """Wraps an error after which aiohttp would send the request again by itself."""

    def __init__(self, first: Exception) -> None:
        self.first = first


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Once(error) from None


class _Body(httpx.AsyncByteStream):
    """What comes after the head of an answer, not decompressed."""

    def __init__(
        self, answer: aiohttp.ClientResponse, request: httpx.Request, closed: Callable[[], None]
    ) -> None:
        self._answer = answer
        self._request = request
        self._closed: Callable[[], None] | None = closed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = self._answer.content.readany
        try:
            while part := await read():
                yield part
        except RAISED as error:
            raise as_httpx(error, self._request) from None

    async def aclose(self) -> None:
        """Let go of the connection: it is used again when all was read."""
        if self._closed is not None:
            self._answer.release()
            self._closed()
            self._closed = None


def _extensions(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    version = answer.version or aiohttp.HttpVersion11
    return {
        "http_version": b"HTTP/%d.%d" % version,
        "reason_phrase": (answer.reason or "").encode("ascii", "ignore"),
    }


def _seconds(request: httpx.Request, of: str) -> float | None:
    seconds: float | None = request.extensions.get("timeout", {}).get(of)
    return seconds


@lru_cache(maxsize=64)
def _limits(connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    # `connect` is from looking up the name to the end of the handshake: nobody waits for aiohttp's own pool.
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_read=read)
