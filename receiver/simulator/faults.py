"""Trouble to order: what can go wrong between the router and Nectar, switched on for a while.

`faults.set(Fault(status=500, times=2), Fault(hang_up="halfway", times=1))` plays them in that order.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINE = "simulator.line"
"""Where the server puts the request's `Line` in the ASGI scope's state."""


class Fault(BaseModel):
    """One kind of trouble. What is combined happens together: `slow` and then `status`, say."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    status: int | None = Field(default=None, ge=400, le=599)
    """Answer this instead, with `detail` in the body as Nectar's errors have it."""
    retry_after: int | AwareDatetime | None = None
    """The answer's Retry-After: seconds, or a moment, which is written as an HTTP date (RFC 9110, 10.2.3)."""
    slow: float = Field(default=0, ge=0)
    """Seconds to wait before anything else."""
    hang_up: Literal["before", "halfway"] | None = None
    """Close the connection before the answer, or in the midst of its body."""
    garbage: Literal["text", "html"] | None = None
    """Answer 200 with a body that is no JSON, as a proxy in trouble does."""
    path: str = ""
    """Strike only requests whose path contains this."""
    times: int | None = Field(default=None, ge=1)
    """Strike this many requests; None: all, until cleared."""


@dataclass
class Line:
    """The TCP connection beneath a request."""

    transport: asyncio.BaseTransport | None = None
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    async def hang_up(self) -> None:
        """Close the connection. Without one (an app called in-process) raises ConnectionResetError."""
        if self.transport is None:
            raise ConnectionResetError("the simulator hung up")
        self.transport.close()
        await self.lost.wait()


class Faults:
    """The trouble that is switched on."""

    def __init__(self) -> None:
        self._queue: deque[tuple[Fault, int | None]] = deque()
        self._cleared = asyncio.Event()

    @property
    def active(self) -> list[Fault]:
        """What is switched on, in the order in which it will strike."""
        return [fault for fault, _ in self._queue]

    def set(self, *faults: Fault) -> None:
        """Replace whatever is switched on; each strikes its number of `times` before the next one's turn."""
        self._queue = deque((fault, fault.times) for fault in faults)

    def clear(self) -> None:
        """Switch all off, and let go at once the requests that a slow fault holds."""
        self.set()
        self._cleared.set()
        self._cleared = asyncio.Event()

    def take(self, path: str) -> Fault | None:
        """The fault that strikes this request, counted as used once."""
        for position, (fault, left) in enumerate(self._queue):
            if fault.path in path:
                self._use(position, fault, left)
                return fault
        return None

    def _use(self, position: int, fault: Fault, left: int | None) -> None:
        if left == 1:
            del self._queue[position]
        elif left is not None:
            self._queue[position] = (fault, left - 1)

    async def dawdle(self, seconds: float, line: Line) -> None:
        """Wait, but no longer than the faults are on and the other side is there."""
        waiting = [asyncio.create_task(event.wait()) for event in (self._cleared, line.lost)]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()


class FaultInjector:
    """ASGI middleware that lets the faults strike."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the fault says; without one, let the request through."""
        fault = self._faults.take(scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
            return
        line: Line = scope.get("state", {}).get(LINE) or Line()
        if fault.slow:
            await self._faults.dawdle(fault.slow, line)
        if line.lost.is_set():
            return
        if fault.hang_up == "before":
            await line.hang_up()
            return
        answer = _answer(fault) or self._app
        await answer(scope, receive, _cut_off(send, line) if fault.hang_up else send)


def _answer(fault: Fault) -> Response | None:
    if fault.status:
        return JSONResponse({"detail": "Trouble to order."}, fault.status, headers=_retry_after(fault))
    if fault.garbage == "html":
        return Response("<!doctype html><title>Bad gateway</title>", media_type="text/html")
    if fault.garbage == "text":
        return Response('{"id": "cut of', media_type="application/json")
    return None


def _retry_after(fault: Fault) -> dict[str, str]:
    match fault.retry_after:
        case None:
            return {}
        case datetime() as moment:
            return {"retry-after": format_datetime(moment.astimezone(UTC), usegmt=True)}
        case seconds:
            return {"retry-after": str(seconds)}


def _cut_off(send: Send, line: Line) -> Send:
    async def half(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        await send({**message, "body": body[: len(body) // 2], "more_body": True})
        await line.hang_up()

    return half
