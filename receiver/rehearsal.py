"""Runs a handler for show: what it would do outside is kept, and nothing is sent.

Shadow mode, `handlers run --dry-run` and the test kit stand on this. Requests by `ctx.http` are answered by
the handler's stand-in; what goes another way is kept by `ctx.outside`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel, JsonValue

from receiver.api import Handler

MADE_UP_ID = "made-up-1"
LONGEST_BODY = 16 * 1024
"""Characters of a request's body that are kept."""

Answer = Callable[[httpx.Request], httpx.Response]


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a handler would have done outside."""

    kind: str
    """`http`, or what the handler called it: `mail`."""
    what: Mapping[str, JsonValue]
    """Of `http`: method, url, headers and body. Nothing here is masked yet."""


Keep = Callable[[Effect], Awaitable[None]]


class Rehearsing:
    """Keeps effects (`receiver.api.Rehearsal`), and makes the client whose requests go nowhere."""

    def __init__(self, keep: Keep, answer: Answer) -> None:
        self._keep = keep
        self._answer = answer

    async def keep(self, kind: str, what: Mapping[str, JsonValue]) -> None:
        """Keep one effect."""
        await self._keep(Effect(kind, what))

    def client(self) -> httpx.AsyncClient:
        """As `ctx.http`; to be closed by whoever asked for it."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._handle), trust_env=False)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        body = (await request.aread()).decode(errors="replace")
        what: dict[str, JsonValue] = {"method": request.method, "url": str(request.url)}
        what |= {"headers": {**request.headers}, "body": body[:LONGEST_BODY]}
        await self.keep("http", what)
        return self._answer(request)


def stand_in_of(handler: Handler[Any], options: BaseModel) -> Answer:
    """What answers in the target's stead: the handler's own stand-in, or one that takes everything."""
    return handler.double(options) if handler.double else take_everything


def take_everything(request: httpx.Request) -> httpx.Response:
    """Whatever was asked for is done, and bears an id."""
    created = request.method == "POST"
    return httpx.Response(201 if created else 200, json={"id": MADE_UP_ID}, request=request)
