"""What carries requests below httpx: aiohttp's client, or httpx's own where the environment names a proxy.

httpx's pool looks at all of its connections at each request, and a GET costs it four times the CPU. So it is
aiohttp, alive for over ten years, behind a transport of our own: httpx-aiohttp keeps one jar of cookies for
everybody, sends some requests twice and lets errors through that are not httpx's.
"""

from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.request import getproxies

import httpx

from receiver.transport.over_aiohttp import OverAiohttp

__all__ = ["ByHttpx", "OverAiohttp", "make_transport", "no_cookies"]


def make_transport() -> httpx.AsyncBaseTransport:
    """For an `httpx.AsyncClient`, or to be asked directly. May be made anywhere; serves one event loop."""
    # The names that httpx looks for: https://www.python-httpx.org/environment_variables/
    if any(getproxies().get(kind) for kind in ("http", "https", "all")):
        return ByHttpx()
    return OverAiohttp()


def no_cookies() -> CookieJar:
    """A jar that keeps none: what is shared must not go about with anybody's session."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


class ByHttpx(httpx.AsyncBaseTransport):
    """A client of httpx's as a transport: it knows which proxy is for whom, and NO_PROXY."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(cookies=no_cookies())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it. Raises httpx.TransportError."""
        # Through a proxy, httpx would send the target alone, without the host that it is at.
        if target := request.extensions.pop("target", None):
            request.url = request.url.copy_with(raw_path=target)
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
