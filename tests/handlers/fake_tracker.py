"""What the fakes of the ticket systems have in common: a socket, the vendor's description, and troubles."""

import re
from typing import Any, ClassVar

import httpx
from starlette.responses import JSONResponse, Response

from receiver.api import Handler
from tests.handlers.fake_vendor import FakeVendor
from tests.handlers.vendor_openapi import OpenApi

TOKEN = "made-up-token-4711"


class FakeTracker(FakeVendor):
    """Answers by the handler's stand-in, in the vendor's manner, unless a test says otherwise."""

    handler: ClassVar[Handler[Any]]
    tracker: ClassVar[type[Any]]
    creating: ClassVar[tuple[str, str]]
    """Method and path of the request that opens a ticket."""
    looking: ClassVar[tuple[str, str]]
    """Of the one that looks at one."""
    commenting: ClassVar[tuple[str, str]]
    """Of the one that writes in one."""

    def __init__(self, name: str, spec: OpenApi) -> None:
        super().__init__(name, self._answered)
        self.spec: OpenApi = spec
        self.instead: list[tuple[tuple[str, str], Response]] = []
        self.lost: list[tuple[str, str]] = []
        """Requests that are done, and whose answers are lost."""
        self._stand_in: Any = None

    @property
    def stand_in(self) -> Any:
        """What is kept here."""
        if self._stand_in is None:
            assert self.handler.double is not None
            self._stand_in = self.handler.double(self.options())
        return self._stand_in

    def options(self, **more: Any) -> Any:
        """Options with which to write here."""
        raise NotImplementedError

    def refuse(self, which: tuple[str, str], code: int, body: Any = None, **headers: str) -> None:
        """Answer the next such request this."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = (
            JSONResponse(body, code, named) if body is not None else Response(status_code=code, headers=named)
        )
        self.instead.append((which, answer))

    def effects(self) -> list[str]:
        """Methods and paths of what was written, oldest first."""
        return [
            f"{request.method} {request.url.path}"
            for request in self.requests
            if request.method != "GET" and not request.url.path.endswith("/search/jql")
        ]

    def _answered(self, request: httpx.Request) -> Response:
        for place, (which, answer) in enumerate(self.instead):
            if _is(which, request):
                del self.instead[place]
                return answer
        reply: httpx.Response = self.stand_in(request)
        for which in self.lost:
            if _is(which, request):
                self.lost.remove(which)
                return Response(status_code=502)
        return self._spoken(reply)

    def _spoken(self, reply: httpx.Response) -> Response:
        kept = {name: value for name, value in reply.headers.items() if name != "content-length"}
        return Response(reply.content, reply.status_code, {**kept, **self.headers()})

    def headers(self) -> dict[str, str]:
        """What the vendor adds to each answer."""
        return {}

    # How a test looks at the tickets and acts as people do: `number` counts them from 1.

    @property
    def tickets(self) -> list[Any]:
        """As the stand-in keeps them."""
        raise NotImplementedError

    def is_open(self, number: int) -> bool:
        """People still see it."""
        raise NotImplementedError

    def texts(self, number: int) -> list[str]:
        """The body, then the comments."""
        raise NotImplementedError

    def add_comment(self, number: int, text: str) -> None:
        """A person writes in it."""
        raise NotImplementedError

    def close(self, number: int) -> None:
        """A person closes it."""
        raise NotImplementedError

    def delete(self, number: int) -> None:
        """A person deletes it."""
        raise NotImplementedError

    def finish(self, number: int) -> None:
        """It is solved, and from now on for good."""
        raise NotImplementedError


def _is(which: tuple[str, str], request: httpx.Request) -> bool:
    return which[0] == request.method and re.fullmatch(which[1], request.url.path) is not None
