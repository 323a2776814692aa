"""The mail handler against mail servers that do not take the mail: what the router makes of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest

from handlers.email import email
from handlers.email.transport import DeferredError
from handlers.email.transport.smtp import send
from receiver.api import Rejected
from receiver.policy import Failure, Reaction, judge
from receiver.testing import LINK, make_change
from tests.handlers.inbox import PASSWORD, USER, Inbox, run_inbox
from tests.handlers.mailing import BROKEN, LOGIN, OWNER, context, mail_about

pytestmark = pytest.mark.anyio


async def failure(url: str) -> tuple[Failure, Exception]:
    """What the router makes of a mail that this server does not take."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, the caller asks
        await email(make_change(BROKEN), context(url))
    judged = judge(caught.value)
    for secret in (PASSWORD, quote(PASSWORD, safe=""), USER, OWNER, LINK):
        assert secret not in judged.reason
    return judged, caught.value


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    certificate: ssl.SSLContext, scheme: str
) -> None:
    tls, starttls = (certificate, None) if scheme == "smtps" else (None, certificate)
    async with run_inbox(tls=tls, starttls=starttls) as inbox:
        judged, _ = await failure(f"{scheme}://{LOGIN}@127.0.0.1:{inbox.port}")
    assert (judged.reaction, judged.target_down) == (Reaction.RETRY, True)
    assert "certificate is not trusted" in judged.reason
    assert inbox.letters == []


async def test_a_wrong_password_parks_the_handler(certificate: ssl.SSLContext, cafile: str) -> None:
    async with run_inbox(starttls=certificate, login=True) as inbox:
        judged, error = await failure(f"smtp+starttls://u:wrong@127.0.0.1:{inbox.port}?cafile={cafile}")
    assert isinstance(error, PermissionError)
    assert judged.reaction is Reaction.PARK
    assert "535" in judged.reason


async def test_a_server_that_wants_a_login_parks_the_handler_that_has_none(
    certificate: ssl.SSLContext, cafile: str
) -> None:
    async with run_inbox(starttls=certificate, login=True) as inbox:
        judged, _ = await failure(f"smtp+starttls://127.0.0.1:{inbox.port}?cafile={cafile}")
    assert judged.reaction is Reaction.PARK
    assert "530" in judged.reason


async def test_without_the_starttls_that_was_asked_for_nothing_is_sent() -> None:
    """Links and passwords must not travel in the clear because somebody in between hid the STARTTLS."""
    async with run_inbox() as inbox:
        for login in ("", f"{LOGIN}@"):
            judged, _ = await failure(f"smtp+starttls://{login}127.0.0.1:{inbox.port}")
            assert judged.reaction is Reaction.PARK
    assert inbox.letters == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_final_refusal_is_rejected_without_naming_the_owner(command: str) -> None:
    async with run_inbox(Inbox({command: f"550 5.1.1 <{OWNER}>: unknown"})) as inbox:
        outcome = await mail_about(BROKEN, inbox)
    expected = f"127.0.0.1:{inbox.port} answered 550 5.1.1: it does not take this mail"
    assert outcome == Rejected(expected)


@pytest.mark.parametrize("reply", ["450 4.2.1 try later", "451 greylisted", "452 4.2.2 mailbox full"])
@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_not_now_for_one_mail_is_tried_again_and_blames_no_server(command: str, reply: str) -> None:
    async with run_inbox(Inbox({command: reply})) as inbox:
        judged, error = await failure(f"smtp://127.0.0.1:{inbox.port}")
    assert isinstance(error, DeferredError)
    assert (judged.reaction, judged.target_down) == (Reaction.RETRY, False)


@pytest.mark.parametrize(
    ("command", "reply"), [("MAIL", "451 4.3.0 busy"), ("RCPT", "421 4.3.2 going down"), ("DATA", "421 bye")]
)
async def test_not_now_for_all_mails_is_a_server_in_trouble(command: str, reply: str) -> None:
    async with run_inbox(Inbox({command: reply})) as inbox:
        judged, _ = await failure(f"smtp://127.0.0.1:{inbox.port}")
    assert (judged.reaction, judged.target_down) == (Reaction.RETRY, True)


async def test_a_server_that_hangs_up_halfway_is_a_server_in_trouble() -> None:
    async with run_inbox(Inbox(hangs_up=True)) as inbox:
        judged, _ = await failure(f"smtp://127.0.0.1:{inbox.port}")
    assert (judged.reaction, judged.target_down) == (Reaction.RETRY, True)


async def test_a_closed_port_is_a_server_in_trouble() -> None:
    async with run_inbox() as inbox:
        url = f"smtp://127.0.0.1:{inbox.port}"
    judged, _ = await failure(url)
    assert (judged.reaction, judged.target_down) == (Reaction.RETRY, True)
    assert "refused" in judged.reason


@asynccontextmanager
async def greeting(line: bytes) -> AsyncIterator[str]:
    """The URL of a server that says one line and then waits for its client to go."""
    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await gone.wait()


@pytest.mark.parametrize("line", [b"554 5.7.1 we do not know you\r\n", b"HTTP/1.1 400 Bad Request\r\n"])
async def test_a_server_that_does_not_greet_us_is_a_server_in_trouble(line: bytes) -> None:
    async with greeting(line) as url:
        judged, _ = await failure(url)
    assert (judged.reaction, judged.target_down) == (Reaction.RETRY, True)


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with greeting(b"") as url, run_inbox() as inbox:
        await mail_about(BROKEN, inbox)
        with pytest.raises(TimeoutError, match="did not answer in time"):
            await send(inbox.letters[0].message, context(url).options, patience=0.01)
