"""All that a worker does, in a test's hands: the dispatcher over a real journal and a stand-in Nectar."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import BaseModel, SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from receiver.api import Change, Context, Done, Handler, NoOptions, Outcome, handler
from receiver.dispatch import Dispatcher
from receiver.journal import deliver
from receiver.journal.store import connect, key
from receiver.registry import Enabled, Registry
from receiver.settings import Settings
from receiver.simulator import Simulator
from receiver.simulator.server import serve
from receiver.telemetry import Redactor
from receiver.worker import dispatcher
from tests.integration.kit import Journal

Answer = Outcome | BaseException | Callable[[Change, Context[Any]], Awaitable[Any]]


class Recorder:
    """A handler that notes what it is shown, and does with each what it is told: by default `Done()`."""

    def __init__(self, name: str = "a", *answers: Answer, changed: Iterable[str] | None = None) -> None:
        self.shown: list[Change] = []
        self.contexts: list[Context[Any]] = []
        self.answers = deque(answers)
        self.overlaps = 0
        """Attempts that began while another was under way for the same connection."""
        self._running: set[UUID] = set()

        @handler(name, changed=changed)
        async def run(change: Change, ctx: Context[Any]) -> Outcome:
            outcome: Outcome = await self._run(change, ctx)
            return outcome

        self.handler: Handler[Any] = run

    async def _run(self, change: Change, ctx: Context[Any]) -> Any:
        self.overlaps += change.connection.id in self._running
        self.shown.append(change)
        self.contexts.append(ctx)
        answer = self.answers.popleft() if self.answers else Done()
        if isinstance(answer, BaseException):
            raise answer
        if not callable(answer):
            return answer
        self._running.add(change.connection.id)
        try:
            return await answer(change, ctx)
        finally:
            self._running.discard(change.connection.id)

    @property
    def statuses(self) -> list[str]:
        """The status that each attempt was shown."""
        return [str(change.connection.status) for change in self.shown]


@dataclass
class Bench:
    """A dispatcher, with the journal and the Nectar that it works with. What is due is done when told."""

    nectar: Simulator
    journal: Journal
    dispatch: Dispatcher
    names: tuple[str, ...]
    redactor: Redactor = field(default_factory=Redactor)

    async def do(self, work: str) -> None:
        """What a worker does when it hears a bell."""
        kind, *ids = work.split(":")
        await (self.dispatch.refresh if kind == "refresh" else self.dispatch.deliver)(*ids)

    async def due(self) -> list[str]:
        """The work that is due now."""
        seconds, micros = await self.journal.redis.time()
        now = seconds * 1000 + micros // 1000
        works: list[str] = await self.journal.redis.zrange(key("due"), 0, now, byscore=True)
        return works

    async def work_off(self) -> None:
        """Do what is due, and what follows from it, until nothing is."""
        async with asyncio.timeout(30):
            while works := await self.due():
                await asyncio.gather(*map(self.do, works))

    async def pass_time(self) -> None:
        """Let all delays, backoffs and waits of breakers be over, then work off what is due."""
        for breaker in await self.journal.worklist.breakers():
            if await self.journal.redis.hexists(key("breaker", breaker), "until"):
                await self.journal.reopen(breaker)
        await self.journal.make_due(*await self.journal.redis.zrange(key("due"), 0, -1))
        await self.dispatch.sweep()
        await self.work_off()

    async def happen(self, connection: str, message_id: str = "", **fields: Any) -> None:
        """Change a connection at Nectar, take the webhook in, and do all that follows at once."""
        self.nectar.edit(connection, **fields)
        await self.journal.accept(connection, message_id)
        await self.work_off()

    async def die(self, recorder: Recorder) -> dict[str, str]:
        """Let time pass after a first event until the delivery is a dead letter; what is kept of it."""
        connection, name = self.nectar.add("connected"), recorder.handler.name
        await self.happen(connection)
        while await self.journal.lists(deliver(name, connection)) == {"due"}:
            await self.pass_time()
        assert await self.journal.lists(deliver(name, connection)) == {"dead"}
        return await self.kept(name, connection)

    async def kept(self, name: str, connection: str) -> dict[str, str]:
        """What the journal holds of a delivery."""
        kept: dict[str, str] = await self.journal.redis.hgetall(key("deliver", name, connection))
        return kept


@asynccontextmanager
async def bench(
    redis_url: str, *handlers: Recorder | Handler[Any] | Enabled, reconnect_link: Any = "magic-link"
) -> AsyncIterator[Bench]:
    """A bench with these handlers enabled."""
    registry = Registry(map(_enabled, handlers))
    async with Simulator() as nectar:
        settings = Settings(
            redis_url=SecretStr(redis_url),
            nectar_base_url=nectar.base_url,
            nectar_api_key=SecretStr("example-api-key"),
            reconnect_link=reconnect_link,
            fetch_interval=0,
        )
        redactor = Redactor()
        redactor.hide_options(settings)
        store = connect(redis_url)
        try:
            async with dispatcher(settings, registry, redactor) as dispatch:
                yield Bench(nectar, Journal(store), dispatch, tuple(registry), redactor)
        finally:
            await store.close()


def _enabled(given: Recorder | Handler[Any] | Enabled) -> Enabled:
    if isinstance(given, Enabled):
        return given
    handler = given.handler if isinstance(given, Recorder) else given
    return Enabled(handler, NoOptions(), handler.schedule)


class TargetOptions(BaseModel):
    """The options of a handler that calls a target."""

    url: str
    token: SecretStr = SecretStr("a-token-of-the-target")


@dataclass
class Target:
    """A tool of the company's over HTTP: answers as it is told, and a handler that calls it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    cookies: list[str | None] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: Request) -> Response:
        """One call."""
        self.calls.append((await request.body()).decode())
        self.cookies.append(request.headers.get("cookie"))
        return Response(status_code=self.status, headers=self.headers)

    def handler(self, name: str = "pager") -> Enabled:
        """Posts the connection's status to the target."""

        @handler(name, options=TargetOptions)
        async def call(change: Change, ctx: Context[TargetOptions]) -> Outcome:
            authorization = f"Bearer {ctx.options.token.get_secret_value()}"
            reply = await ctx.http.post(
                ctx.options.url,
                content=str(change.connection.status),
                headers={"authorization": authorization},
            )
            reply.raise_for_status()
            return Done()

        return Enabled(call, TargetOptions(url=self.url), call.schedule)


@asynccontextmanager
async def target() -> AsyncIterator[Target]:
    """A target that listens."""
    made = Target()
    async with serve(Starlette(routes=[Route("/", made.answer, methods=["POST"])])) as port:
        made.url = f"http://127.0.0.1:{port}/"
        yield made
