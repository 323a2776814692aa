"""The `email` handler: writes to a connection's owner when only the owner can mend it.

`episode` decides, `message` and `words` write, `transport` sends.
"""

from datetime import UTC, datetime
from email.message import EmailMessage

import httpx

from handlers.email.episode import Mail, Memory, decide, sent
from handlers.email.headers import parse_address
from handlers.email.message import build, message_id
from handlers.email.options import Options
from handlers.email.transport import RefusedError, greet, send
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
    about = Status(told)
    _remember(ctx, sent(memory, move, about, now.timestamp()))
    sent_as = message_id(connection, Mail(about, move.episode, move.person), ctx.options)
    # Without the domain, which makes it look like an address: enough to find it in the mail server's log.
    return Done(sent_as.strip("<>").partition("@")[0])


@email.preflight
async def reach_server(options: Options, http: httpx.AsyncClient) -> str:
    """Whether the mail server can be reached and takes our login. Sends nothing."""
    return await greet(options)


async def _write(change: Change, ctx: Context[Options], mail: Mail, now: datetime) -> str:
    """Send the mail; the status that it spoke about."""
    try:
        to = parse_address(change.connection.workflow_owner_email or "")
    except ValueError as problem:
        raise RefusedError(f"the owner's address {problem}") from None
    link = None if mail.status.healthy else await ctx.reconnect_link()
    message = build(change.connection, mail, ctx.options, to=to, link=link, now=now)
    shown = {"to": str(message["To"]), "subject": str(message["Subject"]), "text": _text(message)}
    await ctx.outside("mail", shown, lambda: send(message, ctx.options), instead=None)
    return str(mail.status)


def _text(message: EmailMessage) -> str:
    plain = message.get_body(("plain",))
    return plain.get_content() if plain else ""


def _remember(ctx: Context[Options], memory: Memory) -> None:
    ctx.memory.update(memory.model_dump(mode="json"))
