"""What the tests of real trackers have in common: a tracker, seen as people see it, and a way there."""

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol, Self
from uuid import uuid4

import httpx
from pydantic import BaseModel

from receiver.api import Change, Context, Outcome
from receiver.testing import make_connection
from tests.handlers.ticketing_desk import Death
from tests.handlers.ticketing_town import Route


@dataclass(frozen=True)
class Seen:
    """A ticket as the server itself tells it."""

    id: str
    is_open: bool
    texts: tuple[str, ...]
    """The body and the comments, oldest first."""


class Place(Protocol):
    """A tracker that runs."""

    @property
    def options(self) -> BaseModel:
        """The handler's options."""

    async def handle(self, change: Change, ctx: Context[Any]) -> Outcome:
        """The handler of this tracker."""

    def seen(self, key: str) -> list[Seen]:
        """All tickets of a connection, oldest first."""

    def set_open(self, ticket: str, is_open: bool) -> None:
        """A person closes a ticket, or opens it again."""

    def delete(self, ticket: str) -> None:
        """A person deletes a ticket."""


@dataclass
class Accidents:
    """`after`: numbers of the writing requests whose answer the process does not live to see."""

    after: set[int] = field(default_factory=set)
    writes: int = 0

    def client(self) -> httpx.AsyncClient:
        """As `ctx.http`."""
        timeout = httpx.Timeout(60, connect=5)
        return httpx.AsyncClient(event_hooks={"response": [self._answered]}, timeout=timeout, trust_env=False)

    async def _answered(self, response: httpx.Response) -> None:
        if response.request.method != "GET":
            await response.aread()
            self.writes += 1
            if self.writes in self.after:
                raise Death


class Routes:
    """Ways to trackers, for connections that never were before. All are let go of at the end."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open none yet."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close them all."""
        await self._stack.aclose()

    async def to(
        self, place: Place, accidents: Accidents | None = None, options: BaseModel | None = None
    ) -> Route:
        """One more."""
        http = await self._stack.enter_async_context((accidents or Accidents()).client())
        return Route(
            handle=place.handle,
            options=options or place.options,
            connection=make_connection("PENDING", id=uuid4()),
            http=http,
            now=time.time(),
        )
