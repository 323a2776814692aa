"""Whatever aiohttp may raise is an error of httpx's, and only who fetches pays for aiohttp."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.client_reqrep import ConnectionKey

from receiver.policy import judge
from receiver.transport.failures import as_httpx

REQUEST = httpx.Request("GET", "https://target.example/hush")
KEY = ConnectionKey("target.example", 443, True, True, None, None, None)
INFO: Any = SimpleNamespace(real_url="https://target.example/hush")
MADE: dict[type[Exception], Exception] = {
    aiohttp.ClientResponseError: aiohttp.ClientResponseError(INFO, (), status=400, message="bad line"),
    aiohttp.ServerFingerprintMismatch: aiohttp.ServerFingerprintMismatch(b"", b"", "target.example", 443),
    aiohttp.InvalidURL: aiohttp.InvalidURL("https://target.example/hush"),
    aiohttp.ClientConnectorCertificateError: aiohttp.ClientConnectorCertificateError(
        KEY, ssl.CertificateError("expired")
    ),
}


def every_error(kind: type[Exception] = aiohttp.ClientError) -> Iterator[type[Exception]]:
    yield kind
    for each in kind.__subclasses__():
        if each.__module__.startswith("aiohttp"):
            yield from every_error(each)


def an_error(kind: type[Exception]) -> Exception:
    """One as aiohttp raises it, with the URL wherever there is room for it."""
    for known, made in MADE.items():
        if issubclass(kind, known):
            copy = kind.__new__(kind)
            copy.__dict__.update(made.__dict__)
            copy.args = made.args
            return copy
    if issubclass(kind, UnixClientConnectorError):
        return kind("/hush", KEY, OSError(111, "refused"))
    if issubclass(kind, aiohttp.ClientConnectorError):
        return kind(KEY, OSError(111, "refused"))
    return kind("GET https://target.example/hush")


@pytest.mark.parametrize("kind", sorted(set(every_error()), key=repr))
def test_every_error_of_aiohttp_is_one_of_httpx(kind: type[Exception]) -> None:
    found = as_httpx(an_error(kind), REQUEST)
    assert isinstance(found, httpx.TransportError)
    assert found.request is REQUEST
    if not issubclass(kind, aiohttp.ClientPayloadError):  # its texts are about bytes
        assert "hush" not in str(found)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ConnectionResetError(104, "hush"), httpx.ReadError, "Connection reset by peer"),
        (TimeoutError(), httpx.ReadTimeout, ""),
        (ssl.SSLError(1, "hush"), httpx.ReadError, "SSLError"),
        (ValueError("newline in a header"), httpx.LocalProtocolError, "newline in a header"),
        (
            aiohttp.ClientConnectorError(KEY, OSError(111, "refused")),
            httpx.ConnectError,
            "target.example:443: ",
        ),
    ],
)
def test_what_python_raises_below_is_one_of_httpx_too(
    error: Exception, kind: type[httpx.TransportError], text: str
) -> None:
    found = as_httpx(error, REQUEST)
    assert type(found) is kind
    assert str(found).startswith(text)
    assert judge(found).target_down is (kind is not httpx.LocalProtocolError)


def test_a_mistake_in_the_code_stays_what_it_is() -> None:
    error = RuntimeError("Session is closed")
    assert as_httpx(error, REQUEST) is error


@pytest.mark.parametrize("module", ["receiver.web", "receiver.cli", "receiver.api", "receiver.testing"])
def test_who_fetches_nothing_does_not_load_aiohttp(module: str) -> None:
    """It takes some 100 ms and 10 MB."""
    code = f"import sys, {module}; print('aiohttp' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
