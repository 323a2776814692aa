"""A real mail server on a socket, for tests: it keeps what it takes and answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "router@acme.example", "p@ss/wörd#1"


@dataclass
class Letter:
    """A mail that the server took, and for whom."""

    recipients: list[str]
    options: list[str]
    """What the client said beside the sender's address."""
    message: EmailMessage
    encrypted: bool


@dataclass
class Inbox:
    """What a server took so far. `replies`: by command, what it answers instead of taking the mail."""

    replies: Mapping[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    letters: list[Letter] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" not in self.replies:
            envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.hangs_up:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return ""
        if "DATA" in self.replies:
            return self.replies["DATA"]
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        encrypted = session.ssl is not None
        self.letters.append(Letter(envelope.rcpt_tos, envelope.mail_options, message, encrypted))
        return "250 2.0.0 taken"

    def check(self, server: SMTP, session: Session, envelope: Envelope, way: str, login: Any) -> AuthResult:
        """Take the one login there is."""
        assert isinstance(login, LoginPassword)
        right = (login.login.decode(), login.password.decode()) == (USER, PASSWORD)
        # handled=False: aiosmtpd answers 535 itself; with True it would leave the client waiting.
        return AuthResult(success=right, handled=False)


class Conversation(SMTP):
    """One client's connection. Those that have begun are in `begun`, and say when they are `over`."""

    def __init__(self, inbox: Inbox, begun: "set[Conversation]", **options: Any) -> None:
        super().__init__(inbox, hostname="localhost", authenticator=inbox.check, **options)
        self.begun, self.over = begun, asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.begun.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.over.set()


@asynccontextmanager
async def run_inbox(
    inbox: Inbox | None = None,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    login: bool = False,
    utf8: bool = True,
) -> AsyncIterator[Inbox]:
    """Serve on a free port of this machine. `login`: mail is taken from those only who sign in."""
    inbox = inbox or Inbox()
    loop = asyncio.get_running_loop()

    begun = set[Conversation]()

    def converse() -> Conversation:
        return Conversation(
            inbox,
            begun,
            enable_SMTPUTF8=utf8,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=login,
            loop=loop,
        )

    server = await loop.create_server(converse, "127.0.0.1", 0, ssl=tls)
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()
        for conversation in begun:
            await conversation.over.wait()
        await server.wait_closed()
