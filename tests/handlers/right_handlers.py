"""Handlers that keep the contract, each in its own way."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import httpx
from pydantic import BaseModel, HttpUrl, SecretStr

from receiver.api import Change, Context, Done, Outcome, Rejected, RetryLater, Skipped, Status, handler


class Options(BaseModel):
    url: HttpUrl
    token: SecretStr


Ctx = Context[Options]
Answer = Callable[[httpx.Request], httpx.Response]


@handler("skips")
async def skips(change: Change, ctx: Context[Any]) -> Outcome:
    """Has nothing to do."""
    return Skipped("not today")


@handler("rejects", options=Options)
async def rejects(change: Change, ctx: Ctx) -> Outcome:
    """Will have nothing to do with connections that nobody owns."""
    if change.connection.workflow_owner_email is None:
        return Rejected("nobody owns it")
    return Done()


@handler("waits", options=Options, changed={"status"})
async def waits(change: Change, ctx: Ctx) -> Outcome:
    """Lets a website that is down some time to heal."""
    if change.connection.status == Status.WEBSITE_DOWN and not ctx.memory.get("waited"):
        ctx.memory["waited"] = True
        return RetryLater(3600, "it may heal by itself")
    if change.connection.status.healthy:
        ctx.memory.pop("waited", None)
        return Skipped("it works")
    url = f"{ctx.options.url}/{change.connection.id}"
    (await ctx.http.put(url, json={"status": str(change.connection.status)})).raise_for_status()
    return Done()


@handler("ticket", options=Options, changed={"status"})
async def ticket(change: Change, ctx: Ctx) -> Outcome:
    """Opens a ticket, keeps its id, and closes it."""
    status = change.connection.status
    if status.needs_owner:
        ctx.memory["ticket"] = await ctx.once("open", lambda: _open(change, ctx))
        return Done(str(ctx.memory["ticket"]))
    opened = ctx.memory.get("ticket")
    if not status.healthy or opened is None:
        return Skipped("there is no ticket to close")
    reply = await ctx.http.post(f"{ctx.options.url}/{opened}/close")
    reply.raise_for_status()
    del ctx.memory["ticket"]
    return Done(str(opened))


async def _open(change: Change, ctx: Ctx) -> str:
    if known := ctx.memory.get("ticket"):
        return str(known)
    body = {"title": f"{change.connection.id} is broken", "link": await ctx.reconnect_link()}
    headers = {
        "Authorization": f"Bearer {ctx.options.token.get_secret_value()}",
        "Idempotency-Key": ctx.idempotency_key,
    }
    reply = await ctx.http.post(str(ctx.options.url), json=body, headers=headers)
    reply.raise_for_status()
    return str(reply.json()["id"])


@handler("searches", options=Options, changed={"status"})
async def searches(change: Change, ctx: Ctx) -> Outcome:
    """Looks for its ticket before it opens one: its target knows no keys."""
    url, label = str(ctx.options.url), f"nectar-{change.connection.id}"
    found = await ctx.http.post(f"{url}/search", json={"label": label})
    found.raise_for_status()
    issues = found.json()["issues"]
    if not change.connection.status.needs_owner:
        return await _finish(ctx, issues)
    if issues:
        return Skipped("there is a ticket")
    made = await ctx.http.post(f"{url}/issues", json={"labels": [label], "title": "broken"})
    made.raise_for_status()
    return Done(made.json()["key"])


async def _finish(ctx: Ctx, issues: list[dict[str, str]]) -> Outcome:
    for issue in issues:
        url = f"{ctx.options.url}/issues/{issue['key']}/transitions"
        (await ctx.http.post(url, json={"transition": "done"})).raise_for_status()
    return Done() if issues else Skipped("there is no ticket")


@searches.stand_in
def _tracker(options: Options) -> Answer:
    """Keeps tickets."""
    issues: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/search"):
            found = [{"key": key} for key, text in issues.items() if _label(request) in text]
            return httpx.Response(200, json={"issues": found})
        if path.endswith("/transitions"):
            issues.pop(path.split("/")[-2], None)
            return httpx.Response(204)
        key = f"OPS-{len(issues) + 1}"
        issues[key] = request.content.decode()
        return httpx.Response(201, json={"key": key})

    return answer


def _label(request: httpx.Request) -> str:
    return request.content.decode().split('"')[3]


@handler("upserts", options=Options)
async def upserts(change: Change, ctx: Ctx) -> Outcome:
    """Puts the state where it belongs, always."""
    connection = change.connection
    body = {"status": connection.status, "owner": connection.workflow_owner_email}
    reply = await ctx.http.put(f"{ctx.options.url}/connections/{connection.id}", json=body)
    reply.raise_for_status()
    return Done()


@handler("creates-on-404", options=Options)
async def creates_on_404(change: Change, ctx: Ctx) -> Outcome:
    """Changes the entry, and makes it where there is none."""
    entry = f"{ctx.options.url}/entries/{change.connection.id}"
    body = {"status": change.connection.status}
    try:
        (await ctx.http.patch(entry, json=body)).raise_for_status()
    except httpx.HTTPStatusError as error:
        if error.response.status_code != 404:
            raise
        made = {"external_id": str(change.connection.id), **body}
        (await ctx.http.post(f"{ctx.options.url}/entries", json=made)).raise_for_status()
    return Done()


@creates_on_404.stand_in
def _entries(options: Options) -> Answer:
    made: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            made.append(request.content)
            return httpx.Response(201)
        return httpx.Response(200 if made else 404)

    return answer


@handler("strict", options=Options)
async def strict(change: Change, ctx: Ctx) -> Outcome:
    """Raises when the target answers something else than it should."""
    reply = await ctx.http.put(str(ctx.options.url), json={"status": change.connection.status})
    reply.raise_for_status()
    answer = reply.json()
    if not isinstance(answer.get("id"), str):
        raise ValueError("the target answered without an id")
    return Done(answer["id"])


@handler("deduplicated-by-field", options=Options, changed={"status"})
async def deduplicated_by_field(change: Change, ctx: Ctx) -> Outcome:
    """As alerting services take it: the key is a field of the body."""
    event = {
        "routing_key": ctx.options.token.get_secret_value(),
        "event_action": "resolve" if change.connection.status.healthy else "trigger",
        "dedup_key": hashlib.sha256(str(change.connection.id).encode()).hexdigest(),
    }
    (await ctx.http.post(str(ctx.options.url), json=event)).raise_for_status()
    return Done()


@handler("patient", options=Options, timeout=60)
async def patient(change: Change, ctx: Ctx) -> Outcome:
    """Waits until a long job of the target's is done, and tries again by itself when it is throttled."""
    for _ in range(3):
        reply = await ctx.http.put(str(ctx.options.url))
        if reply.status_code != 429:
            break
        await asyncio.sleep(10)
    reply.raise_for_status()
    await asyncio.sleep(20)
    return Done()


@handler("thoughtful", options=Options)
async def thoughtful(change: Change, ctx: Ctx) -> Outcome:
    """Does its sums in a thread."""
    digest = await asyncio.to_thread(_slow_sum, str(change.connection.id))
    (await ctx.http.put(f"{ctx.options.url}/{digest}")).raise_for_status()
    return Done(digest)


def _slow_sum(text: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", text.encode(), b"salt", 1000).hex()[:8]


@handler("says-later", options=Options)
async def says_later(change: Change, ctx: Ctx) -> Outcome:
    """Knows best when to come again."""
    try:
        (await ctx.http.put(str(ctx.options.url))).raise_for_status()
    except httpx.HTTPStatusError as error:
        if error.response.status_code in (401, 403):
            raise
        return RetryLater(60, f"answered {error.response.status_code}")
    return Done()


@handler("only-transitions", options=Options, changed={"status"})
async def only_transitions(change: Change, ctx: Ctx) -> Outcome:
    """Tells of a connection that breaks, and not of one that it first sees broken."""
    if change.previous_status is None or change.connection.status.healthy:
        return Skipped("nothing new")
    key = {"Idempotency-Key": ctx.idempotency_key}
    (await ctx.http.post(str(ctx.options.url), headers=key)).raise_for_status()
    return Done()


@handler("owner-watcher", options=Options, changed={"workflow_owner_email"})
async def owner_watcher(change: Change, ctx: Ctx) -> Outcome:
    """Is shown changes of the owner alone."""
    if "workflow_owner_email" not in change.changed:
        return Skipped("the same owner")
    owner = change.connection.workflow_owner_email
    url = f"{ctx.options.url}/{change.connection.id}"
    (await ctx.http.put(url, json={"owner": owner})).raise_for_status()
    return Done()


@handler("mails", options=Options)
async def mails(change: Change, ctx: Ctx) -> Outcome:
    """Sends a mail, once."""
    if not change.connection.status.needs_owner:
        return Skipped("the owner is not needed")

    async def send() -> None:
        raise AssertionError("nothing is sent in a rehearsal")

    async def mail() -> None:
        await ctx.outside("mail", {"subject": "It is broken"}, send, instead=None)

    await ctx.once(f"mail-{change.version}", mail)
    return Done()


@handler("looks-up", options=Options)
async def looks_up(change: Change, ctx: Ctx) -> Outcome:
    """Reads before it writes, and makes several steps."""
    (await ctx.http.get(f"{ctx.options.url}/users")).raise_for_status()

    async def step(name: str) -> None:
        headers = {"Idempotency-Key": f"{ctx.idempotency_key}-{name}"}
        (await ctx.http.post(f"{ctx.options.url}/{name}", headers=headers)).raise_for_status()

    for name in ("tickets", "comments"):
        await ctx.once(name, lambda name=name: step(name))  # type: ignore[misc]  # a lambda's default
    return Done()


@handler("several-at-once", options=Options)
async def several_at_once(change: Change, ctx: Ctx) -> Outcome:
    """Does not wait for one before it sends the next; what fails comes as a group of errors."""

    async def put(name: str) -> None:
        (await ctx.http.put(f"{ctx.options.url}/{name}")).raise_for_status()

    async with asyncio.TaskGroup() as group:
        for name in ("status", "owner", "company"):
            group.create_task(put(name))
    return Done()


RIGHT = [
    *(skips, rejects, waits, ticket, searches, upserts, creates_on_404, strict, deduplicated_by_field),
    *(patient, thoughtful, says_later, only_transitions, owner_watcher, mails, looks_up),
    several_at_once,
]
