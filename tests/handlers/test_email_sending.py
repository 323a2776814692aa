"""The mail handler against real mail servers, well and unwell."""

import asyncio
import copy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme
from pydantic import JsonValue

from handlers.email import Options, email
from handlers.email.episode import DAY
from handlers.email.transport import DeferredError, send
from receiver.api import Connection, Context, Done, Outcome, Rejected, RetryLater, Skipped
from receiver.policy import Failure, Reaction, judge
from receiver.testing import LINK, MemorySteps, make_change, make_connection, make_context
from tests.handlers.inbox import PASSWORD, USER, Inbox, run_inbox

pytestmark = pytest.mark.anyio

LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
OWNER = "owner@northwind.example"
BROKEN, WORKS = make_connection("PASSWORD_INCORRECT"), make_connection("CONNECTED")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def cafile(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return quote(str(tmp_path / "ca.pem"))


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def context(
    url: str, memory: dict[str, JsonValue] | None = None, steps: MemorySteps | None = None
) -> Context[Options]:
    options = Options.model_validate({"smtp_url": url, "from": "Energy team <energy@acme.example>"})
    return make_context(options, memory=memory, steps=steps)


async def mail_about(
    connection: Connection, inbox: Inbox, memory: dict[str, JsonValue] | None = None
) -> Outcome:
    return await email(make_change(connection), context(f"smtp://127.0.0.1:{inbox.port}", memory))


async def failure(url: str) -> tuple[Failure, Exception]:
    """What the router makes of a mail that this server does not take."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, the caller asks
        await email(make_change(BROKEN), context(url))
    judged = judge(caught.value)
    for secret in (PASSWORD, quote(PASSWORD, safe=""), USER, OWNER, LINK):
        assert secret not in judged.reason
    return judged, caught.value


async def test_the_owner_gets_the_mail_and_the_outcome_names_it() -> None:
    async with run_inbox() as inbox:
        outcome = await mail_about(BROKEN, inbox)
    [letter] = inbox.letters
    assert outcome == Done(letter.message["Message-ID"])
    assert letter.recipients == [OWNER]
    assert "SMTPUTF8" not in letter.options
    assert LINK in letter.message.as_string().replace("=\n", "")


async def test_over_starttls_it_signs_in_and_the_mail_travels_encrypted(
    certificate: ssl.SSLContext, cafile: str
) -> None:
    async with run_inbox(starttls=certificate, login=True) as inbox:
        url = f"smtp+starttls://{LOGIN}@127.0.0.1:{inbox.port}?cafile={cafile}"
        assert isinstance(await email(make_change(BROKEN), context(url)), Done)
    assert [letter.encrypted for letter in inbox.letters] == [True]


async def test_over_tls_from_the_start_it_sends_too(certificate: ssl.SSLContext, cafile: str) -> None:
    async with run_inbox(tls=certificate) as inbox:
        url = f"smtps://127.0.0.1:{inbox.port}?cafile={cafile}"
        assert isinstance(await email(make_change(BROKEN), context(url)), Done)
    assert len(inbox.letters) == 1


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
    """A password must not travel in the clear because somebody in between hid the server's STARTTLS."""
    async with run_inbox() as inbox:
        judged, _ = await failure(f"smtp+starttls://{LOGIN}@127.0.0.1:{inbox.port}")
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


async def test_an_owner_beyond_ascii_needs_a_server_that_knows_how() -> None:
    jürgen = make_connection(workflow_owner_email="jürgen@bücher.example")
    async with run_inbox() as able:
        assert isinstance(await mail_about(jürgen, able), Done)
    assert able.letters[0].recipients == ["jürgen@xn--bcher-kva.example"]
    assert "SMTPUTF8" in able.letters[0].options
    async with run_inbox(utf8=False) as unable:
        assert isinstance(await mail_about(jürgen, unable), Rejected)


async def test_a_domain_beyond_ascii_works_with_any_server() -> None:
    async with run_inbox(utf8=False) as inbox:
        await mail_about(make_connection(workflow_owner_email="a@bücher.example"), inbox)
    assert inbox.letters[0].recipients == ["a@xn--bcher-kva.example"]


@pytest.mark.parametrize("owner", ["a,b@acme.example", "a@acme.example,b", "=?utf-8?q?a=0A?=@acme.example"])
async def test_an_address_that_is_not_exactly_one_gets_nothing(owner: str) -> None:
    async with run_inbox() as inbox:
        outcome = await mail_about(make_connection(workflow_owner_email=owner), inbox)
    assert outcome == Rejected("the owner's address is not an e-mail address")
    assert inbox.letters == []


async def test_from_break_to_recovery_and_the_next_break() -> None:
    memory: dict[str, JsonValue] = {}
    async with run_inbox() as inbox:
        assert isinstance(await mail_about(BROKEN, inbox, memory), Done)
        assert isinstance(await mail_about(BROKEN, inbox, memory), Skipped)
        assert isinstance(await mail_about(WORKS, inbox, memory), Done)
        assert isinstance(await mail_about(WORKS, inbox, memory), Skipped)
        held_back = await mail_about(BROKEN, inbox, memory)
        assert isinstance(held_back, RetryLater)
        assert DAY - 60 < held_back.seconds <= DAY
        days_pass(memory)
        assert isinstance(await mail_about(BROKEN, inbox, memory), Done)
    subjects = [letter.message["Subject"].split()[0] for letter in inbox.letters]
    assert subjects == ["Please", "Connected", "Please"]
    assert len({letter.message["Message-ID"] for letter in inbox.letters}) == 3
    assert len({letter.message["References"] for letter in inbox.letters}) == 1


def days_pass(memory: dict[str, JsonValue]) -> None:
    mailed = memory["mailed"]
    assert isinstance(mailed, dict)
    memory["mailed"] = {about: at - 2 * DAY for about, at in mailed.items() if isinstance(at, float)}


async def test_nothing_counts_as_told_before_the_server_took_the_mail() -> None:
    memory: dict[str, JsonValue] = {}
    async with run_inbox(Inbox({"RCPT": "550 no"})) as inbox:
        assert isinstance(await mail_about(BROKEN, inbox, memory), Rejected)
    assert memory["told"] == []
    async with run_inbox() as inbox:
        assert isinstance(await mail_about(BROKEN, inbox, memory), Done)
    assert len(inbox.letters) == 1


async def test_no_address_is_remembered() -> None:
    memory: dict[str, JsonValue] = {}
    steps = MemorySteps()
    async with run_inbox() as inbox:
        await email(make_change(BROKEN), context(f"smtp://127.0.0.1:{inbox.port}", memory, steps))
    assert steps.finished
    assert "northwind" not in repr((memory, steps.finished))


class CrashingSteps(MemorySteps):
    """The process dies before the step is written down."""

    async def record(self, step: str, result: JsonValue) -> None:
        raise KeyboardInterrupt


async def test_a_crash_before_the_mail_is_written_down_sends_it_again_under_the_same_id() -> None:
    """At least once, not exactly once: this is the price, and the id lets mail programs show it once."""
    async with run_inbox() as inbox:
        url = f"smtp://127.0.0.1:{inbox.port}"
        with pytest.raises(KeyboardInterrupt):
            await email(make_change(BROKEN), context(url, {}, CrashingSteps()))
        await email(make_change(BROKEN), context(url))
    first, second = inbox.letters
    assert first.message["Message-ID"] == second.message["Message-ID"]


@pytest.mark.parametrize("status_then", ["PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED"])
async def test_a_crash_after_the_mail_is_written_down_does_not_send_it_again(status_then: str) -> None:
    """Also when the status moved on before the next attempt; what is remembered is the mail that was sent."""
    steps, memory = MemorySteps(), dict[str, JsonValue]()
    saved = copy.deepcopy(memory)
    async with run_inbox() as inbox:
        url = f"smtp://127.0.0.1:{inbox.port}"
        first = await email(make_change(BROKEN), context(url, memory, steps))
        again = await email(make_change(make_connection(status_then)), context(url, saved, steps))
    assert first == again
    assert len(inbox.letters) == 1
    assert memory["told"] == saved["told"]
    assert isinstance(saved["mailed"], dict)
    assert [about.split("/")[0] for about in saved["mailed"]] == ["PASSWORD_INCORRECT"]


async def test_the_preflight_signs_in_and_sends_nothing(certificate: ssl.SSLContext, cafile: str) -> None:
    assert email.check is not None
    async with run_inbox(starttls=certificate, login=True) as inbox:
        ctx = context(f"smtp+starttls://{LOGIN}@127.0.0.1:{inbox.port}?cafile={cafile}")
        assert await email.check(ctx.options, ctx.http) == f"127.0.0.1:{inbox.port} takes our login"
        ctx = context(f"smtp+starttls://u:wrong@127.0.0.1:{inbox.port}?cafile={cafile}")
        with pytest.raises(PermissionError, match="does not let us in"):
            await email.check(ctx.options, ctx.http)
    assert inbox.letters == []


async def test_the_preflight_says_when_there_is_no_login_or_no_server() -> None:
    assert email.check is not None
    async with run_inbox() as inbox:
        ctx = context(f"smtp://127.0.0.1:{inbox.port}")
        assert await email.check(ctx.options, ctx.http) == f"127.0.0.1:{inbox.port} answers; no login is set"
    with pytest.raises(ConnectionError, match=f"127.0.0.1:{inbox.port}"):
        await email.check(ctx.options, ctx.http)


def test_it_is_shown_what_concerns_the_owner_only() -> None:
    assert email.concerns({"status"})
    assert email.concerns({"workflow_owner_email"})
    assert not email.concerns({"accounts", "url"})
