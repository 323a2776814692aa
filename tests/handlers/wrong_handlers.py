"""Handlers that break the contract, each in one way, which its name says."""

import asyncio
import logging
import time
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

import httpx
from pydantic import BaseModel, HttpUrl, SecretStr

from receiver.api import Change, Context, Done, Outcome, Rejected, Skipped, handler

log = logging.getLogger(__name__)


class Options(BaseModel):
    url: HttpUrl
    token: SecretStr


Ctx = Context[Options]


async def page(ctx: Ctx, text: str, **more: Any) -> httpx.Response:
    """Send what the target can recognise; raise when it does not take it."""
    reply = await ctx.http.post(
        str(ctx.options.url),
        json={"text": text, **more},
        headers={"Idempotency-Key": ctx.idempotency_key},
    )
    reply.raise_for_status()
    return reply


@handler("no-key", options=Options, changed={"status"})
async def no_key(change: Change, ctx: Ctx) -> Outcome:
    """Nothing says that a second request is the same as the first."""
    if not change.connection.status.needs_owner:
        return Skipped("the owner is not needed")
    text = {"summary": f"{change.connection.id} is {change.connection.status}"}
    reply = await ctx.http.post(str(ctx.options.url), json=text)
    reply.raise_for_status()
    return Done(reply.json()["id"])


@handler("new-key-each-time", options=Options)
async def new_key_each_time(change: Change, ctx: Ctx) -> Outcome:
    """Has a key, which is another at each attempt."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    (await ctx.http.post(str(ctx.options.url), headers=headers)).raise_for_status()
    return Done()


PROCESS = str(uuid.uuid4())


@handler("same-key-for-all", options=Options)
async def same_key_for_all(change: Change, ctx: Ctx) -> Outcome:
    """Has a key, which is the same for all connections."""
    (await ctx.http.post(str(ctx.options.url), headers={"X-Request-Id": PROCESS})).raise_for_status()
    return Done()


@handler("step-without-key", options=Options)
async def step_without_key(change: Change, ctx: Ctx) -> Outcome:
    """A step of its own, but no key."""

    async def post() -> None:
        (await ctx.http.post(str(ctx.options.url))).raise_for_status()

    await ctx.once("post", post)
    return Done()


@handler("two-posts-one-step", options=Options)
async def two_posts_one_step(change: Change, ctx: Ctx) -> Outcome:
    """When the second fails, the first is done again."""

    async def both() -> None:
        (await ctx.http.post(f"{ctx.options.url}/tickets")).raise_for_status()
        (await ctx.http.post(f"{ctx.options.url}/comments")).raise_for_status()

    await ctx.once("both", both)
    return Done()


@handler("acts-before-looking", options=Options)
async def acts_before_looking(change: Change, ctx: Ctx) -> Outcome:
    """Looks whether it was done when it is done again."""
    reply = await ctx.http.post(str(ctx.options.url))
    reply.raise_for_status()
    if "ticket" in ctx.memory:
        return Skipped("there is a ticket")
    ctx.memory["ticket"] = reply.json()["id"]
    return Done()


@handler("mails-twice", options=Options)
async def mails_twice(change: Change, ctx: Ctx) -> Outcome:
    """What goes by ctx.outside goes again."""

    async def send() -> None:
        raise AssertionError("nothing is sent in a rehearsal")

    await ctx.outside("mail", {"subject": str(change.connection.status)}, send, instead=None)
    return Done()


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


@handler("swallows", options=Options)
async def swallows(change: Change, ctx: Ctx) -> Outcome:
    try:
        await page(ctx, "broken")
    except Exception:  # noqa: BLE001 - the mistake
        ctx.log.warning("not paged")
    return Done()


@handler("never-looks", options=Options)
async def never_looks(change: Change, ctx: Ctx) -> Outcome:
    """Takes every answer for a good one."""
    await ctx.http.put(str(ctx.options.url), json={"state": str(change.connection.status)})
    return Done()


@handler("reads-before-looking", options=Options)
async def reads_before_looking(change: Change, ctx: Ctx) -> Outcome:
    """Reads the id out of an answer that may be an error's."""
    key = {"Idempotency-Key": ctx.idempotency_key}
    reply = await ctx.http.post(str(ctx.options.url), headers=key)
    return Done(reply.json()["id"])


@handler("gives-up", options=Options)
async def gives_up(change: Change, ctx: Ctx) -> Outcome:
    try:
        return Done((await page(ctx, "broken")).json()["id"])
    except httpx.HTTPError:
        return Rejected("the pager does not work")


@handler("remembers-too-soon", options=Options)
async def remembers_too_soon(change: Change, ctx: Ctx) -> Outcome:
    if ctx.memory.get("told") == change.version:
        return Skipped("told already")
    ctx.memory["told"] = change.version
    await page(ctx, "broken")
    return Done()


@handler("stumbles-over-its-own-step", options=Options)
async def stumbles_over_its_own_step(change: Change, ctx: Ctx) -> Outcome:
    """The second attempt finds the step done, and the memory of it lost."""

    async def create() -> None:
        ctx.memory["ticket"] = (await page(ctx, "broken")).json()["id"]

    await ctx.once("create", create)
    reply = await ctx.http.put(f"{ctx.options.url}/{ctx.memory['ticket']}")
    reply.raise_for_status()
    return Done()


@handler("needs-ticket", options=Options, changed={"status"})
async def needs_ticket(change: Change, ctx: Ctx) -> Outcome:
    """Closes a ticket that it may never have opened."""
    if change.connection.status.healthy:
        (await ctx.http.delete(f"{ctx.options.url}/{ctx.memory['ticket']}")).raise_for_status()
        return Done()
    if change.connection.status.needs_owner and "ticket" not in ctx.memory:
        ctx.memory["ticket"] = (await page(ctx, "broken")).json()["id"]
    return Done()


@handler("trusts-previous-status", options=Options)
async def trusts_previous_status(change: Change, ctx: Ctx) -> Outcome:
    """Takes for granted that it remembers what it did when the connection broke."""
    if change.connection.status.needs_owner:
        ctx.memory["told"] = True
    elif change.previous_status is not None and change.previous_status.needs_owner:
        del ctx.memory["told"]
    return Done()


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


@handler("real-target", options=Options)
async def real_target(change: Change, ctx: Ctx) -> Outcome:
    """Nothing wrong with it, but with what answers it."""
    return Done((await page(ctx, "broken")).json()["ticket"]["key"])


@handler("always-fails", options=Options)
async def always_fails(change: Change, ctx: Ctx) -> Outcome:
    raise ValueError("nothing works")


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
