"""What can be found: the names, what each means, and how it is mended."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One kind of finding."""

    wrong: str
    mend: str


_ONCE = """\
async def create() -> str:
    reply = await ctx.http.post(url, json=ticket, headers={"Idempotency-Key": ctx.idempotency_key})
    reply.raise_for_status()
    return reply.json()["id"]

ticket_id = await ctx.once("create", create)"""

_LET_OUT = """\
reply = await ctx.http.post(...)
reply.raise_for_status()  # raises httpx.HTTPStatusError, which is for the router"""

CATALOGUE = {
    "needs-stand-in": Entry(
        "It can do nothing with the made-up answer {'id': 'made-up-1'}. Without answers like those of its "
        "target nothing else can be checked.",
        """\
Say what the target answers, beside the handler, so that shadow mode and a dry run know it too:

@pager.stand_in
def target(options: Options) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json={"id": "page-7"})

    return answer

Or only for this test: check_handler(pager, answer={"POST /pages": {"id": "page-7"}})""",
    ),
    "fails": Entry(
        "It fails though nothing is wrong: a connection as Nectar answers it, and a target that is well.",
        "Mend what is raised. If it stems from an answer that its stand-in gives, mend the stand-in.",
    ),
    "bad-outcome": Entry(
        "It answers something that is no outcome. The router takes that for a dead letter.",
        "Return Done(...), Skipped(...), RetryLater(...) or Rejected(...) at the end of every path.",
    ),
    "forgets-to-await": Entry(
        "A coroutine is made and not awaited, or a task is begun and not waited for: what it should do never "
        "happens, or nobody knows whether it did.",
        "Write `await` before the call. For several at once: await asyncio.gather(one(), another())",
    ),
    "keeps-what-is-not-json": Entry(
        "What it keeps cannot be kept. ctx.memory, and what a step of ctx.once returns, must be JSON of 16 "
        "KiB at most; otherwise the delivery fails after its effects have happened, again and again.",
        'Keep ids and short texts: str(uuid), moment.isoformat(), reply.json()["id"] and not the reply.',
    ),
    "not-idempotent": Entry(
        "It does the same thing to its target a second time, and the target cannot tell that it is the "
        "same. A process may die after an effect and before that is recorded, a request may fail after an "
        "earlier one has succeeded; then the router runs the handler again.",
        "Hand the target a key that is the same each time, or look first whether it is there, or use PUT to "
        "a place of its own; and wrap each step in ctx.once, so that a finished one is not run again:\n\n"
        + _ONCE,
    ),
    "unrecognisable": Entry(
        "A step of ctx.once happens a second time when its process dies after the effect and before the "
        "record, and the target cannot tell that it is the same.",
        """\
Hand the target a key that is the same each time: headers={"Idempotency-Key": ctx.idempotency_key}, or the
field that it has for that; or look first whether it is there. Where the target knows neither, and twice does
no harm: check_handler(..., allow={"unrecognisable"})""",
    ),
    "runs-again": Entry(
        "Shown a state that it has handled before, it does it all again. A replay, or a sweep after an "
        "accident, shows the same version twice.",
        "Remember what is done, and look there first, or wrap it in ctx.once:\n\n" + _ONCE,
    ),
    "swallows-errors": Entry(
        "It answers Done or Skipped although its request failed. The router takes that for success: nobody "
        "tries again, and nobody hears of it.",
        "Let the error out (take the try away, or narrow it to the one code that you mean), or return "
        f"RetryLater:\n\n{_LET_OUT}",
    ),
    "hides-errors": Entry(
        "What it raises when its target is in trouble does not show what the trouble is. The router must "
        "see 401 and 403 (then it waits until the target takes the handler again), 429 and its Retry-After, "
        "5xx, time-outs and broken connections (then it tries later, and spares a target that is down). "
        "From anything else it concludes a mistake in the handler, which uses up its attempts.",
        f"Look at the status first, and let httpx's own error out:\n\n{_LET_OUT}",
    ),
    "gives-up": Entry(
        "It answers Rejected because its target is in trouble for a while. That is a dead letter at once, "
        "for a person to mend, where trying again would have done.",
        "Let the error out, or return RetryLater. Rejected is for what the target will never take.",
    ),
    "does-not-recover": Entry(
        "It fails for good after its target was in trouble, or its process died, in the middle: the next "
        "attempt, with a target that is well again, does not get through.",
        "Do not take for granted what an earlier attempt may not have come to: read ctx.memory with .get().",
    ),
    "forgets-what-failed": Entry(
        "What failed is not tried again: the next attempt ends well without sending it. ctx.memory is kept "
        "after a failed attempt too, so what is remembered before it is done is taken for done.",
        """\
Remember after the effect, not before:

reply = await ctx.http.post(...)
reply.raise_for_status()
ctx.memory["ticket"] = reply.json()["id"]""",
    ),
    "assumes-order": Entry(
        "It takes for granted that it has seen what came before. Webhooks come twice, late and in another "
        "order, and of a burst only the newest state is shown; a handler may be enabled at any time.",
        """\
Bring the other system to the state that is shown, whatever was missed:

ticket = ctx.memory.get("ticket")
if ticket is None:
    return Skipped("there is no ticket to close")""",
    ),
    "breaks-on-unknown-status": Entry(
        "It fails at a status that it does not know. Nectar may add one at any time.",
        """\
Ask what the status means, or have an answer for the rest:

if not change.connection.status.needs_owner:
    return Skipped(f"{change.connection.status} asks nothing of the owner")""",
    ),
    "breaks-without-status": Entry(
        "It fails when a connection has no status: Nectar may leave it out. It is then Status('').",
        "Treat it as a status that you do not know: change.connection.status.known is False.",
    ),
    "breaks-without-owner": Entry(
        "It fails when nobody is named as the owner: workflow_owner_email may be None.",
        'owner = change.connection.workflow_owner_email\nif owner is None:\n    return Skipped("no owner")',
    ),
    "breaks-without-company": Entry(
        "It fails when the company, or its name, is missing: company may be None, and so may company.name.",
        """\
company = change.connection.company
name = company.name if company and company.name else "no company\"""",
    ),
    "breaks-without-link": Entry(
        "It fails when there is no reconnect link: with RECONNECT_LINK=none ctx.reconnect_link() gives None.",
        "link = await ctx.reconnect_link()\nif link is not None:\n    ...",
    ),
    "breaks-on-minimal": Entry(
        "It fails at a connection with only the fields that Nectar always answers: all others may be "
        "missing.",
        "Each field that may be None needs an answer for that; `mypy --strict` shows where.",
    ),
    "breaks-on-odd-text": Entry(
        "It fails at odd but possible texts: very long ones, line breaks, control characters, emoji.",
        "Put such texts into JSON bodies, which take them all; in headers and URLs quote them, and cut what "
        'must be short: urllib.parse.quote(name, safe=""), text[:200].',
    ),
    "leaks-secret": Entry(
        "A secret gets to where it can be read: a log, the output, or an outcome's text. The router masks "
        "what it recognises; that is a net below, not a place to stand on.",
        "Name the option or the step instead of its value. An httpx error's text holds the whole URL: log "
        "its status code and not the error.",
    ),
    "leaks-personal-data": Entry(
        "Personal data (the owner's address, the username) gets to where it is kept for long: a log, the "
        "output, or an outcome's text.",
        "Say connection.id, or the name that the target has for it: Done(ticket_id).",
    ),
    "blocks-loop": Entry(
        "It holds up the event loop. All deliveries and fetches of a worker run in that loop: while this "
        "one stands, none of them goes on.",
        "Await something that does not block: ctx.http instead of requests, asyncio.sleep instead of "
        "time.sleep. What has no such way goes to a thread: await asyncio.to_thread(work, ...)",
    ),
    "too-slow": Entry(
        "It takes longer than it may, though its target answers at once.",
        "Wait less (return RetryLater instead of sleeping), or declare more: @handler(..., timeout=60)",
    ),
    "swallows-cancellation": Entry(
        "It goes on, or answers as if all were well, when it is cancelled. The router cancels what takes "
        "longer than its time, and when a worker stops.",
        "Do not catch asyncio.CancelledError (`except Exception` does not, `except BaseException` and a "
        "bare `except` do), or raise it again when you are done.",
    ),
    "goes-around-context": Entry(
        "It reaches out by a way of its own. Shadow mode and dry runs would do that in earnest, and the "
        "handler's rate does not hold for it.",
        """\
Send requests by ctx.http. What is not HTTP goes by ctx.outside:

await ctx.outside("mail", {"to": "the owner"}, lambda: send(message), instead=None)""",
    ),
    "shares-state": Entry(
        "Deliveries for two connections that run side by side get mixed up: what belongs to one turns up in "
        "the other.",
        "Keep nothing in module variables or on the function: use local variables, and ctx.memory for what "
        "must outlast the attempt.",
    ),
    "changes-target-in-preflight": Entry(
        "Its preflight changes something at the target. It is run at each start and check, by anybody.",
        'Ask for something harmless: await http.get(f"{options.url}/me")',
    ),
    "bad-preflight": Entry(
        "Its preflight answers something else than what it found in a few words.",
        "Return a str, such as 'signed in as the router', and raise when something is wrong.",
    ),
    "stand-in-breaks": Entry(
        "What answers in the target's stead raises an error of its own, so that this scene tells nothing.",
        "Let it answer every request that the handler may send: httpx.Response(404) to what it does not "
        "know.",
    ),
}
