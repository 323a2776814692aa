"""The ways that a mail can leave, `smtp` and `resend`, behind one face."""

from email.message import EmailMessage

import httpx

from handlers.email.options import Options, Transport
from handlers.email.transport import resend, smtp
from handlers.email.transport.errors import DeferredError, RefusedError
from receiver.api import Context

__all__ = ["DeferredError", "RefusedError", "check", "hand_over"]


async def hand_over(message: EmailMessage, key: str, ctx: Context[Options]) -> str:
    """Send a mail; what it can be found by at whoever took it.

    `key`: the same for all attempts at this mail. Raises RefusedError, DeferredError, PermissionError when we
    are not let in, ConnectionError, TimeoutError or an httpx error when the other side is in trouble.
    """
    if ctx.options.transport is Transport.RESEND:
        try:
            return await resend.send(message, key, ctx.options, ctx.http) or key
        except httpx.HTTPStatusError as trouble:
            # The router records the status alone: a quota and a rate limit would look the same.
            ctx.log.warning("mail not taken now", said=str(trouble))
            raise
    shown = {"to": str(message["To"]), "subject": str(message["Subject"]), "text": _text(message)}
    await ctx.outside("mail", shown, lambda: smtp.send(message, ctx.options), instead=None)
    # Without the domain, which makes it look like an address: enough to find it in the mail server's log.
    return str(message["Message-ID"]).strip("<>").partition("@")[0]


async def check(options: Options, http: httpx.AsyncClient) -> str:
    """Whether mails can leave: what was found, in a few words. Sends nothing; raises as `hand_over` does."""
    if options.transport is Transport.RESEND:
        return await resend.check(options, http)
    return await smtp.greet(options)


def _text(message: EmailMessage) -> str:
    plain = message.get_body(("plain",))
    return plain.get_content() if plain else ""
