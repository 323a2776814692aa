"""Runs a handler once, for show or in earnest, and sees what it does outside.

Of a company's connections the handler is shown the one at hand where Nectar is not to be asked.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from pydantic import BaseModel, JsonValue

from receiver.api import Change, CompanyListing, Context, Handler, Outcome
from receiver.cli.handlers.preflight import TIMEOUT
from receiver.registry import read_schedule
from receiver.rehearsal import LONGEST_BODY, Effect
from receiver.testing import FakeHTTP, MemorySteps, Run, run_handler

MakeLink = Callable[[], Awaitable[str | None]]


@dataclass(slots=True)
class Sent:
    """Something done outside."""

    effect: Effect
    status: int | None = None
    """Of a request: what it was answered; None: not at all."""


@dataclass(frozen=True, slots=True)
class Performance:
    """What came of it."""

    run: Run
    sent: list[Sent]
    steps: list[str]
    """The steps of `ctx.once` that finished."""


async def rehearse(handler: Handler[Any], change: Change, options: BaseModel) -> Performance:
    """Run it for show: its stand-in answers, nothing is sent."""
    target, steps = FakeHTTP.of(handler, options), MemorySteps()
    timeout = read_schedule(handler).timeout
    company = [change.connection]
    run = await run_handler(
        handler, change, options, http=target, steps=steps, company=company, timeout=timeout
    )
    replies = iter(run.requests)
    sent = [Sent(each, next(replies).status if each.kind == "http" else None) for each in run.effects]
    return Performance(run, sent, list(steps.finished))


async def perform(
    handler: Handler[Any],
    change: Change,
    options: BaseModel,
    make_link: Callable[[MemorySteps], MakeLink],
    list_company: CompanyListing | None = None,
) -> Performance:
    """Run it in earnest. `make_link`: what makes `ctx.reconnect_link()`, given the finished steps.

    `list_company`: what answers `ctx.company_connections()`.
    """
    seen, steps = _Seen(), MemorySteps()
    timeout = read_schedule(handler).timeout
    linked = _connected(handler, make_link(steps), list_company)
    hooks: dict[str, Any] = {"request": [seen.request], "response": [seen.response]}
    async with httpx.AsyncClient(timeout=TIMEOUT, event_hooks=hooks) as http:
        company = [change.connection]
        run = await run_handler(
            linked, change, options, http=http, steps=steps, company=company, timeout=timeout
        )
    return Performance(run, list(seen.sent.values()), list(steps.finished))


def _connected(
    handler: Handler[Any], make_link: MakeLink, list_company: CompanyListing | None
) -> Handler[Any]:
    """The handler, given what Nectar answers when it is asked: an invitation is made for good."""

    async def run(change: Change, ctx: Context[Any]) -> Outcome:
        asked = replace(ctx, make_link=make_link, list_company=list_company or ctx.list_company)
        return await handler.run(change, asked)

    return replace(handler, run=run)


@dataclass(slots=True)
class _Seen:
    """The requests that go through a client, and their answers."""

    sent: dict[httpx.Request, Sent] = field(default_factory=dict)

    async def request(self, request: httpx.Request) -> None:
        body = (await request.aread()).decode(errors="replace")[:LONGEST_BODY]
        what: dict[str, JsonValue] = {"method": request.method, "url": str(request.url)}
        what |= {"headers": {**request.headers}, "body": body}
        self.sent[request] = Sent(Effect("http", what))

    async def response(self, response: httpx.Response) -> None:
        self.sent[response.request].status = response.status_code
