"""One mail to one SMTP server, and what its refusals mean.

Errors name the server and its reply codes only: the text of a reply often repeats the recipient's address.
"""

import errno
import os
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from handlers.email.options import Options
from handlers.email.server import Security, Server
from handlers.email.transport.errors import DeferredError, RefusedError

_LOGIN_WANTED = (530, 534, 535, 538)
_SHUTTING_DOWN = 421


async def send(message: EmailMessage, options: Options, *, patience: float = 10) -> None:
    """Hand `message` to the server; once this returns, the server answers for it.

    `patience`: seconds for each step of the conversation. Raises RefusedError, DeferredError,
    PermissionError when the server does not let us in, ConnectionError or TimeoutError when it is in trouble.
    """
    async with _session(options, patience) as client:
        recipients = [address.addr_spec for address in message["To"].addresses]
        await client.send_message(message, sender=options.from_address.addr_spec, recipients=recipients)


async def greet(options: Options, *, patience: float = 10) -> str:
    """Sign in and say nothing; what was found, in a few words. Raises as `send` does."""
    async with _session(options, patience) as client:
        await client.noop()
    server = options.server
    if server.user is None:
        return f"{server} answers; no login is set"
    if server.security is Security.NONE:
        return f"{server} takes our login, which is not encrypted on the way"
    return f"{server} takes our login"


@asynccontextmanager
async def _session(options: Options, patience: float) -> AsyncIterator[SMTP]:
    server = options.server
    client = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        cert_bundle=server.cafile,
        username=server.user,
        password=server.password,
        # Not the machine's name: looking that up can hang, and relays refuse the names that containers have.
        local_hostname=options.from_address.domain,
        timeout=patience,
    )
    try:
        async with client:
            yield client
    except (SMTPException, OSError) as error:
        raise _translate(error, server) from None


def _translate(error: Exception, server: Server) -> Exception:
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPResponseException):
        return _judge_reply(error, server)
    if isinstance(error, TimeoutError):
        return TimeoutError(f"{server} did not answer in time")
    if isinstance(error, SMTPNotSupported):
        return RefusedError(f"{server} cannot write to an address that is not in ASCII")
    if isinstance(error, OSError):
        return ConnectionError(f"{server}: {_cause(error)}")
    # What is left has fixed texts: the server does not offer the STARTTLS or the login that the URL asks for.
    return PermissionError(f"{server}: {error}")


def _judge_reply(error: SMTPResponseException, server: Server) -> Exception:
    reply = f"{server} answered {_codes(error)}"
    if isinstance(error, ConnectionError) or error.code == _SHUTTING_DOWN:
        return ConnectionError(reply)
    if error.code >= 500:
        about_mail = isinstance(error, SMTPSenderRefused | SMTPRecipientRefused | SMTPDataError)
        if about_mail and error.code not in _LOGIN_WANTED:
            return RefusedError(f"{reply}: it does not take this mail")
        return PermissionError(f"{reply}: it does not let us in; check EMAIL_SMTP_URL")
    if isinstance(error, SMTPRecipientRefused | SMTPDataError):
        return DeferredError(f"{reply}: it does not take this mail now")
    return ConnectionError(reply)


def _codes(error: SMTPResponseException) -> str:
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", error.message)
    return f"{error.code} {enhanced[0]}" if enhanced else str(error.code)


def _cause(error: OSError) -> str:
    root = error.__cause__ or error
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({root.verify_message})"
    if isinstance(root, ssl.SSLError):
        return f"TLS failed ({root.reason})"
    if isinstance(root, OSError) and root.errno:
        # The text of the system, where it has one: asyncio's own repeats the address.
        return os.strerror(root.errno) if root.errno in errno.errorcode else str(root.strerror)
    return "no connection"
