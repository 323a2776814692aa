"""A vendor's API on a socket of this machine: it checks each request against the vendor's documentation."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from receiver.simulator.server import serve
from tests.handlers.vendor_spec import VendorSpec

Trouble: TypeAlias = tuple[int, Any, dict[str, str]]
"""Code, body and headers of an answer that is given in place of the right one."""


class FakeVendor:
    """Answers by `answer`, unless it is in trouble. What is not as documented fails the test at its end."""

    def __init__(self, spec: str, answer: Callable[[httpx.Request], Response]) -> None:
        self.spec = VendorSpec(spec)
        self.requests: list[httpx.Request] = []
        self.undocumented: list[str] = []
        self.troubles: list[Trouble | None] = []
        """What the next requests are answered; None: what is right."""
        self.url = ""
        self._answer = answer

    def trouble(self, code: int, body: Any = None, **headers: str) -> None:
        """The next request that is not spoken for is answered this."""
        self.troubles.append((code, body, {name.replace("_", "-"): value for name, value in headers.items()}))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As an ASGI app."""
        arrived = Request(scope, receive)
        raw = scope["raw_path"].decode() + (f"?{arrived.url.query}" if arrived.url.query else "")
        request = httpx.Request(
            arrived.method, f"{self.url}{raw}", headers=arrived.headers.raw, content=await arrived.body()
        )
        await self._respond(request)(scope, receive, send)

    def _respond(self, request: httpx.Request) -> Response:
        self.requests.append(request)
        try:
            self.spec.check(request)
        except AssertionError as wrong:
            self.undocumented.append(str(wrong))
            return JSONResponse({"message": str(wrong)}, 400)
        if self.troubles and (trouble := self.troubles.pop(0)) is not None:
            code, body, headers = trouble
            return (
                Response(status_code=code, headers=headers)
                if body is None
                else JSONResponse(body, code, headers)
            )
        return self._answer(request)

    @property
    def paths(self) -> list[str]:
        """What was asked for, oldest first."""
        return [request.url.path for request in self.requests]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeVendor"]:
        """Serve on a free port; afterwards all that was asked must have been as documented."""
        async with serve(self) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self
        assert self.undocumented == []
