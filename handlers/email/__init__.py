"""The `email` handler: writes to a connection's owner when only the owner can mend it.

`episode` decides, `message` and `words` write, `transport` sends. See README.md.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from pydantic import JsonValue

from handlers.email.episode import Mail, Memory, decide, sent
from handlers.email.headers import parse_address
from handlers.email.message import build, idempotency_key
from handlers.email.options import Options
from handlers.email.stand_in import StandIn
from handlers.email.transport import RefusedError, check, hand_over
from receiver.api import Change, Context, Done, Outcome, Rejected, Status, handler

__all__ = ["Options", "email"]


@handler("email", options=Options, changed={"status", "workflow_owner_email"}, timeout=30)
async def email(change: Change, ctx: Context[Options]) -> Outcome:
    """Write to the owner when a connection needs its owner, and again when it works again."""
    connection = change.connection
    now = datetime.now(UTC)
    memory = Memory.model_validate(ctx.memory)
    memory, move = decide(connection.status, connection.workflow_owner_email, memory, now.timestamp())
    _remember(ctx, memory)
    if not isinstance(move, Mail):
        return move
    try:
        told = await ctx.once(move.step, lambda: _write(change, ctx, move, now))
    except RefusedError as refusal:
        return Rejected(str(refusal))
    # A crash may have come between the mail and this line, and the status may have moved on since.
    _remember(ctx, sent(memory, move, Status(str(told["about"])), now.timestamp()))
    return Done(str(told["reference"]))


@email.preflight
async def reach_server(options: Options, http: httpx.AsyncClient) -> str:
    """Whether the mail server takes our login, or Resend our key and domain. Sends nothing."""
    return await check(options, http)


@email.stand_in
def pretend(options: Options) -> Callable[[httpx.Request], httpx.Response]:
    """Resend, with the sender's domain verified."""
    return StandIn(options)


async def _write(change: Change, ctx: Context[Options], mail: Mail, now: datetime) -> dict[str, JsonValue]:
    """Send the mail; the status that it spoke about, and what it can be found by."""
    connection = change.connection
    try:
        to = parse_address(connection.workflow_owner_email or "")
    except ValueError as problem:
        raise RefusedError(f"the owner's address {problem}") from None
    link = None if mail.status.healthy else await ctx.reconnect_link()
    message = build(connection, mail, ctx.options, to=to, link=link, now=now)
    reference = await hand_over(message, idempotency_key(connection, mail, ctx.options), ctx)
    return {"about": str(mail.status), "reference": reference}


def _remember(ctx: Context[Options], memory: Memory) -> None:
    ctx.memory.update(memory.model_dump(mode="json"))
