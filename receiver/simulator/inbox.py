"""A mail server for development and tests: takes every mail, keeps it in memory, sends nothing on.

Needs aiosmtpd, which is in the `dev` extra and is imported only when an inbox is opened.
"""

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self
from weakref import WeakSet

from receiver.simulator.mail import Mail, read_mail

if TYPE_CHECKING:  # the type alone must not need the extra
    from aiosmtpd.smtp import SMTP, Envelope, Session


class Inbox:
    """`async with Inbox() as inbox`, then `inbox.port` is where mail may be sent, with or without a login.

    `mails` holds them, oldest first. While `refusal` is set, "451 try later" say, that is the answer to a
    mail, and it is not kept.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.mails: list[Mail] = []
        self.refusal = ""
        self._arrival = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._sessions: WeakSet[SMTP] = WeakSet()

    async def __aenter__(self) -> Self:
        from aiosmtpd.smtp import SMTP, AuthResult

        loop = asyncio.get_running_loop()

        def session() -> SMTP:
            made = SMTP(
                self,
                hostname="localhost",  # else it asks the name service for one
                enable_SMTPUTF8=True,
                authenticator=lambda *_: AuthResult(success=True),
                auth_require_tls=False,
                loop=loop,
            )
            self._sessions.add(made)
            return made

        self._server = await loop.create_server(session, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()
        await self._server.wait_closed()

    async def wait_for(self, count: int = 1, within: float = 10) -> list[Mail]:
        """The mails, once there are at least `count`. Raises TimeoutError after `within` seconds."""
        try:
            async with asyncio.timeout(within), self._arrival:
                await self._arrival.wait_for(lambda: len(self.mails) >= count)
        except TimeoutError:
            arrived = [mail.subject for mail in self.mails]
            raise TimeoutError(f"{len(arrived)} of {count} mails within {within} s: {arrived}") from None
        return list(self.mails)

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, server: "SMTP", session: "Session", envelope: "Envelope"
    ) -> str:
        """Called by aiosmtpd with each mail; what it returns is the answer to the client."""
        if self.refusal:
            return self.refusal
        assert isinstance(envelope.content, bytes)
        async with self._arrival:
            self.mails.append(read_mail(envelope.content, envelope.rcpt_tos))
            self._arrival.notify_all()
        return "250 OK"
