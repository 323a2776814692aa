"""Handlers that break the contract, each in one way, which its name says."""

import uuid
from typing import Any

import httpx
from pydantic import BaseModel, HttpUrl, SecretStr

from receiver.api import Change, Context, Done, Outcome, Rejected, Skipped, handler


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


@handler("real-target", options=Options)
async def real_target(change: Change, ctx: Ctx) -> Outcome:
    """Nothing wrong with it, but with what answers it."""
    return Done((await page(ctx, "broken")).json()["ticket"]["key"])


@handler("always-fails", options=Options)
async def always_fails(change: Change, ctx: Ctx) -> Outcome:
    raise ValueError("nothing works")
