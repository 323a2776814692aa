"""Handlers that break the contract by how they run: beside the loop, the context, the outcome, each other."""

import asyncio
import time
import urllib.request
from collections.abc import Callable

import httpx

from receiver.api import Change, Done, Outcome, Skipped, handler
from tests.handlers.wrong_handlers import Ctx, Options, page


@handler("blocks", options=Options)
async def blocks(change: Change, ctx: Ctx) -> Outcome:
    time.sleep(0.3)  # noqa: ASYNC251 - the mistake
    return Done()


@handler("blocks-when-throttled", options=Options)
async def blocks_when_throttled(change: Change, ctx: Ctx) -> Outcome:
    try:
        await page(ctx, "broken")
    except httpx.HTTPStatusError as error:
        if error.response.status_code == 429:
            time.sleep(0.3)  # noqa: ASYNC251 - the mistake
        raise
    return Done()


@handler("returns-nothing", options=Options)
async def returns_nothing(change: Change, ctx: Ctx) -> Outcome:
    await page(ctx, "broken")
    return None  # type: ignore[return-value]  # the mistake


@handler("returns-coroutine", options=Options)
async def returns_coroutine(change: Change, ctx: Ctx) -> Outcome:
    return page(ctx, "broken")  # type: ignore[return-value]  # the mistake


@handler("forgets-await", options=Options)
async def forgets_await(change: Change, ctx: Ctx) -> Outcome:
    page(ctx, "broken")  # type: ignore[unused-coroutine]
    return Done()


@handler("leaves-a-task", options=Options)
async def leaves_a_task(change: Change, ctx: Ctx) -> Outcome:
    asyncio.create_task(page(ctx, "broken"))  # noqa: RUF006 - the mistake
    return Done()


@handler("uses-coroutine", options=Options)
async def uses_coroutine(change: Change, ctx: Ctx) -> Outcome:
    reply = ctx.http.post(str(ctx.options.url))
    reply.raise_for_status()  # type: ignore[attr-defined]  # the mistake
    return Done()


@handler("too-slow", options=Options, timeout=5)
async def too_slow(change: Change, ctx: Ctx) -> Outcome:
    await asyncio.sleep(60)
    return Done()


@handler("swallows-cancellation", options=Options)
async def swallows_cancellation(change: Change, ctx: Ctx) -> Outcome:
    try:
        await page(ctx, "broken")
    except asyncio.CancelledError:
        return Done("never mind")
    return Done()


@handler("never-ends", options=Options)
async def never_ends(change: Change, ctx: Ctx) -> Outcome:
    while True:
        try:
            await page(ctx, "broken")
            return Done()
        except asyncio.CancelledError:
            continue


@handler("own-client", options=Options)
async def own_client(change: Change, ctx: Ctx) -> Outcome:
    async with httpx.AsyncClient() as client:
        await client.put(str(ctx.options.url))
    return Done()


@handler("blocking-client", options=Options)
async def blocking_client(change: Change, ctx: Ctx) -> Outcome:
    urllib.request.urlopen(str(ctx.options.url))  # noqa: ASYNC210, S310 - the mistake
    return Done()


current: dict[str, Change] = {}


@handler("global-change", options=Options)
async def global_change(change: Change, ctx: Ctx) -> Outcome:
    current["change"] = change
    (await ctx.http.get(str(ctx.options.url))).raise_for_status()
    await page(ctx, "broken", external_id=str(current["change"].connection.id))
    return Done()


tickets: list[str] = []


@handler("global-ticket", options=Options, changed={"status"})
async def global_ticket(change: Change, ctx: Ctx) -> Outcome:
    if change.connection.status.needs_owner:
        tickets.append((await page(ctx, "broken")).json()["id"])
    elif change.connection.status.healthy and tickets:
        (await ctx.http.delete(f"{ctx.options.url}/{tickets[-1]}")).raise_for_status()
    return Done()


@handler("posts-in-preflight", options=Options)
async def posts_in_preflight(change: Change, ctx: Ctx) -> Outcome:
    return Skipped("not today")


@posts_in_preflight.preflight
async def _test_message(options: Options, http: httpx.AsyncClient) -> str:
    (await http.post(str(options.url), json={"text": "it works"})).raise_for_status()
    return "the target takes messages"


@handler("preflight-says-yes", options=Options)
async def preflight_says_yes(change: Change, ctx: Ctx) -> Outcome:
    return Skipped("not today")


@preflight_says_yes.preflight
async def _yes(options: Options, http: httpx.AsyncClient) -> str:
    return True  # type: ignore[return-value]  # the mistake


@handler("bad-stand-in", options=Options)
async def bad_stand_in(change: Change, ctx: Ctx) -> Outcome:
    await page(ctx, "broken")
    return Done()


@bad_stand_in.stand_in
def _raises(options: Options) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise KeyError("forgotten")

    return answer
