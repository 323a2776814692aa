"""Where a target is: looked up once, judged, and handed on, so that what is judged is what is connected to.

Whoever owns a name can let it point at an internal address, or at a public one when asked first and at an
internal one when asked again ("DNS rebinding").
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from urllib.request import getproxies

from handlers.forward.addresses import trouble_with
from handlers.forward.target import Target

LookUp: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to IP addresses, best first."""


async def look_up(host: str, port: int) -> list[str]:
    """Ask the system, in a thread of its own. Raises ConnectionError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ConnectionError(f"{host}: there is no address of that name") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def public_addresses(target: Target, look_up: LookUp) -> Sequence[str]:
    """The addresses of a target, all of them public.

    Raises PermissionError, which parks the handler until somebody mends it, or ConnectionError.
    """
    if is_proxied(target):
        raise PermissionError(
            f"{target}: a proxy (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) looks names up by itself, so "
            "addresses cannot be checked here; let the proxy refuse internal ones and set "
            "FORWARD_ALLOW_PRIVATE=1"
        )
    addresses = await addresses_of(target, look_up)
    for address in addresses:
        if (kind := trouble_with(address)) is not None:
            raise PermissionError(
                f"{target} is at {address}, which is {kind}; only FORWARD_ALLOW_PRIVATE=1 allows that"
            )
    return addresses


async def addresses_of(target: Target, look_up: LookUp) -> Sequence[str]:
    """All addresses of a target, of whatever kind; at least one. Raises ConnectionError."""
    if addresses := await look_up(target.host, target.port):
        return addresses
    raise ConnectionError(f"{target}: there is no address of that name")


def is_proxied(target: Target) -> bool:
    """Whether httpx would take the way of a proxy, by the environment. A name in NO_PROXY does not count:
    what is asked for is the address."""
    proxies = getproxies()
    return proxies.get("no", "").strip() != "*" and bool(proxies.get(target.url.scheme) or proxies.get("all"))
