"""aiohttp's errors as httpx's.

No text of aiohttp's is kept that may hold a URL, since some hold secrets. httpx's errors name none either.
"""

import os
import ssl

import aiohttp
import httpx
from aiohttp.http import HttpProcessingError

DISCONNECTED = "Server disconnected without sending a response."

# The first that fits counts.
KINDS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ServerFingerprintMismatch, httpx.ConnectError),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (HttpProcessingError, httpx.RemoteProtocolError),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.InvalidURL, httpx.LocalProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
    (TimeoutError, httpx.ReadTimeout),
    (OSError, httpx.ReadError),
    # What cannot stand in a header, a method or a URL.
    (ValueError, httpx.LocalProtocolError),
)

RAISED = tuple(kind for kind, _ in KINDS)


def as_httpx(error: Exception, request: httpx.Request) -> Exception:
    """The same in httpx's terms; the error itself when aiohttp does not raise such."""
    for kind, other in KINDS:
        if isinstance(error, kind):
            return other(_text(error), request=request)
    return error


def _text(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorError():
            return f"{error.host}:{error.port}: {error.os_error}"
        case aiohttp.ServerDisconnectedError():
            return DISCONNECTED
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return error.message
        case TimeoutError():
            return ""
        case OSError(errno=int(number)) if not isinstance(error, ssl.SSLError):
            return os.strerror(number)
        case aiohttp.ClientPayloadError() | ValueError() if not isinstance(error, aiohttp.InvalidURL):
            return str(error)
    return type(error).__name__
