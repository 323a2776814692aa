"""The web process on a real socket, and what a sender of webhooks needs to talk to it."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, cast
from uuid import uuid4

import httpx
from redis.asyncio import Redis
from starlette.types import ASGIApp
from uvicorn import Config, Server

from receiver.settings import Settings
from receiver.signature import decode_secret, sign
from receiver.web import create_app
from receiver.web.guarded import Guarded

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
OTHER_SECRET = "whsec_YW5vdGhlciBrZXksIGFzIGdvb2QgYXMgaXQ="
CONNECTION = "0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90"
PATH = "/webhooks/nectar"
T = TypeVar("T")
JSON = {"content-type": "application/json"}


class _Server(Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Signals belong to whoever runs the tests.
        yield


@asynccontextmanager
async def serve(app: ASGIApp, http: type[Guarded] = Guarded) -> AsyncIterator[int]:
    """Serve the app as the Procfile does, while the block runs; gives the port."""
    config = Config(app, port=0, http=http, ws="none", lifespan="on", log_config=None, access_log=False)
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await (serving if serving.done() else asyncio.sleep(0.01))
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def running(redis_url: str, **settings: Any) -> AsyncIterator["Router"]:
    """The web process over this Redis; unless `settings` say otherwise it knows SECRET."""
    known = {"nectar_webhook_secret": SECRET, "redis_url": redis_url, "log_format": "json"}
    with own_logs():
        async with (
            serve(create_app(Settings(**{**known, **settings}))) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            yield Router(client, port)


@contextmanager
def own_logs() -> Generator[None, None, None]:
    """The application sets up the process's logs; at the end of the block they are as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)


@dataclass
class Router:
    """A running web process, as Nectar and the operator see it."""

    client: httpx.AsyncClient
    port: int

    async def post(
        self,
        body: object,
        message_id: str = "",
        *,
        secret: str = SECRET,
        family: str = "svix",
        **headers: str,
    ) -> httpx.Response:
        """Send a webhook as Svix would. Bytes go as they are; `headers` (with _ for -) overrule."""
        content = encoded(body)
        overruling = {name.replace("_", "-"): value for name, value in headers.items()}
        all_headers = JSON | signed(content, message_id, secret=secret, family=family) | overruling
        return await self.client.post(PATH, content=content, headers=all_headers)

    async def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return await self.client.get(path)

    async def raw(self, sent: bytes) -> httpx.Response:
        """Send these bytes and nothing else; what is answered."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(sent)
            return await read_answer(reader)
        finally:
            writer.close()
            await writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> httpx.Response:
    """One answer off a socket."""
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = head.rstrip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        body = await reader.readexactly(int(headers["content-length"]))
    return httpx.Response(int(status.split()[1]), headers=headers, content=body)


async def until(good: Callable[[T], bool], ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again and again until what comes is good. Bounded, so that a test fails instead of hanging."""
    async with asyncio.timeout(30):
        while not good(answer := await ask()):
            await asyncio.sleep(0.05)
        return answer


def encoded(body: object) -> bytes:
    """The body as it goes over the wire."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def payload(**fields: Any) -> dict[str, Any]:
    """The body of a webhook about CONNECTION."""
    return {"id": CONNECTION, "eventType": "connection.updated.v2", "status": "PASSWORD_INCORRECT"} | fields


def signed(
    body: bytes,
    message_id: str = "",
    *,
    secret: str = SECRET,
    at: float | None = None,
    family: str = "svix",
) -> dict[str, str]:
    """The headers that make the body authentic."""
    message_id = message_id or f"msg_{uuid4().hex}"
    stamp = int(time.time() if at is None else at)
    signature = sign(decode_secret(secret), message_id, stamp, body)
    parts = {"id": message_id, "timestamp": str(stamp), "signature": signature}
    return {f"{family}-{name}": value for name, value in parts.items()}


def request(
    body: bytes, headers: Mapping[str, str] | None = None, *, path: str = PATH, length: int | None = None
) -> bytes:
    """A POST as bytes; `length` is what it declares."""
    lines = {"content-length": str(len(body) if length is None else length)} | JSON | dict(headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in {"host": "router"}.items() | lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document that the answer must be (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    assert document["type"] == "about:blank"
    assert document["title"] == HTTPStatus(status).phrase
    assert document["status"] == status
    assert isinstance(document["detail"], str)
    assert document["detail"]
    return document


def come_again(answer: httpx.Response) -> dict[str, Any]:
    """The problem document of a 503 that asks the sender to come again."""
    assert int(answer.headers["retry-after"]) > 0
    return problem(answer, 503)


async def fields(redis: Redis, key: str) -> dict[str, str]:
    """A hash. (redis-py's hints do not say which of its two clients answers.)"""
    return await cast(Awaitable[dict[str, str]], redis.hgetall(key))


async def everything(redis: Redis) -> str:
    """All that lies in Redis, keys and values."""
    found: list[object] = []
    async for key in redis.scan_iter():
        found += [key, await READERS[await redis.type(key)](redis, key)]
    return repr(found)


READERS: dict[str, Callable[[Any, str], Awaitable[object]]] = {
    "string": lambda redis, key: redis.get(key),
    "hash": lambda redis, key: redis.hgetall(key),
    "list": lambda redis, key: redis.lrange(key, 0, -1),
    "set": lambda redis, key: redis.smembers(key),
    "zset": lambda redis, key: redis.zrange(key, 0, -1),
    "stream": lambda redis, key: redis.xrange(key),
}
"""How each kind of value is read in full."""
