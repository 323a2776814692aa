"""What was asked of the simulator: each request with its beginning and end, so that tests can count."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from receiver.simulator.catalogue import Json

KEPT = 100_000


@dataclass
class Request:
    """One request. Times are seconds since the epoch; `ended` and `status` are None while unknown."""

    method: str
    path: str
    began: float
    ended: float | None = None
    status: int | None = None


class RequestLog:
    """The requests, oldest first, and how many there were at a time. Keeps the newest `KEPT`."""

    def __init__(self) -> None:
        self.entries: deque[Request] = deque(maxlen=KEPT)
        self.in_flight = 0
        self.max_in_flight = 0
        self._moved = asyncio.Event()

    def matching(self, part: str) -> list[Request]:
        """The requests whose path contains `part`, say "/details" or a connection's id."""
        return [entry for entry in self.entries if part in entry.path]

    async def wait_for(self, condition: Callable[[], bool], within: float = 10) -> None:
        """Wait until `condition`, asked anew at each request's beginning and end, holds.

        Raises TimeoutError after `within` seconds.
        """
        async with asyncio.timeout(within):
            while not condition():
                await self._moved.wait()

    def clear(self) -> None:
        """Forget what has been; requests in flight go on being counted."""
        self.entries.clear()
        self.max_in_flight = self.in_flight

    def begin(self, method: str, path: str) -> Request:
        """Note that a request has come."""
        entry = Request(method, path, began=time.time())
        self.entries.append(entry)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        self._tell()
        return entry

    def end(self, entry: Request) -> None:
        """Note that a request has been answered, or that nobody waits for its answer any more."""
        entry.ended = time.time()
        self.in_flight -= 1
        self._tell()

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def dump(self) -> Json:
        """All of it as JSON."""
        return {
            "inFlight": self.in_flight,
            "maxInFlight": self.max_in_flight,
            "requests": [asdict(entry) for entry in self.entries],
        }


class Recorder:
    """ASGI middleware that keeps the log."""

    def __init__(self, app: ASGIApp, log: RequestLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and note its beginning, its status and its end."""
        entry = self._log.begin(scope["method"], scope["path"])

        async def noting(message: Message) -> None:
            entry.status = message.get("status", entry.status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._log.end(entry)
