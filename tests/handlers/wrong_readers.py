"""Handlers that break the contract: they tell secrets, need what may be missing, keep what cannot be kept."""

import logging

import httpx

from receiver.api import Change, Done, Outcome, handler
from tests.handlers.wrong_handlers import Ctx, Options, page

log = logging.getLogger(__name__)


@handler("logs-secret", options=Options)
async def logs_secret(change: Change, ctx: Ctx) -> Outcome:
    ctx.log.info("paging", credentials=ctx.options.token.get_secret_value())
    await page(ctx, "broken")
    return Done()


@handler("logs-secret-url-on-failure", options=Options)
async def logs_secret_url_on_failure(change: Change, ctx: Ctx) -> Outcome:
    """The text of httpx's error holds the URL, which here is secret."""
    url = f"https://hooks.example.com/{ctx.options.token.get_secret_value()}"
    try:
        reply = await ctx.http.put(url)
        reply.raise_for_status()
    except httpx.HTTPStatusError as error:
        log.warning("not paged: %s", error)
        raise
    return Done()


@handler("prints-link", options=Options)
async def prints_link(change: Change, ctx: Ctx) -> Outcome:
    print("link:", await ctx.reconnect_link())
    return Done()


@handler("tells-owner", options=Options)
async def tells_owner(change: Change, ctx: Ctx) -> Outcome:
    return Done(change.connection.workflow_owner_email)


WORDS = {"CONNECTED": "works", "PASSWORD_INCORRECT": "has a wrong password", "": "has no status"}


@handler("knows-all-statuses", options=Options)
async def knows_all_statuses(change: Change, ctx: Ctx) -> Outcome:
    """Has a word for each status there is today."""
    status = change.connection.status
    words = dict.fromkeys(type(status).__members__, "is broken") | WORDS
    await page(ctx, words[status])
    return Done()


@handler("needs-status", options=Options)
async def needs_status(change: Change, ctx: Ctx) -> Outcome:
    await page(ctx, str(change.connection.status)[0])
    return Done()


@handler("needs-owner", options=Options)
async def needs_owner(change: Change, ctx: Ctx) -> Outcome:
    owner = change.connection.workflow_owner_email
    await page(ctx, "broken", to=owner.lower())  # type: ignore[union-attr]  # the mistake
    return Done()


@handler("needs-company", options=Options)
async def needs_company(change: Change, ctx: Ctx) -> Outcome:
    await page(ctx, change.connection.company.name.upper())  # type: ignore[union-attr]  # the mistake
    return Done()


@handler("needs-utility", options=Options)
async def needs_utility(change: Change, ctx: Ctx) -> Outcome:
    await page(ctx, str(change.connection.datasource.name))  # type: ignore[union-attr]  # the mistake
    return Done()


@handler("needs-link", options=Options)
async def needs_link(change: Change, ctx: Ctx) -> Outcome:
    await page(ctx, "broken", link=(await ctx.reconnect_link()).strip())  # type: ignore[union-attr]  # the mistake
    return Done()


@handler("name-in-header", options=Options)
async def name_in_header(change: Change, ctx: Ctx) -> Outcome:
    company = change.connection.company
    title = (company.name or "") if company else ""
    (await ctx.http.put(str(ctx.options.url), headers={"X-Title": title})).raise_for_status()
    return Done()


@handler("keeps-reply", options=Options)
async def keeps_reply(change: Change, ctx: Ctx) -> Outcome:
    ctx.memory["reply"] = await page(ctx, "broken")  # type: ignore[assignment]  # the mistake
    return Done()


@handler("keeps-too-much", options=Options)
async def keeps_too_much(change: Change, ctx: Ctx) -> Outcome:
    ctx.memory["log"] = "x" * 20_000
    return Done()


@handler("step-returns-reply", options=Options)
async def step_returns_reply(change: Change, ctx: Ctx) -> Outcome:
    await ctx.once("page", lambda: page(ctx, "broken"))  # type: ignore[type-var]  # the mistake
    return Done()
