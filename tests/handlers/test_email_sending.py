"""The mail handler against a real mail server: what the owner gets, and when."""

import copy
import ssl

import pytest
from pydantic import JsonValue

from handlers.email import email
from handlers.email.episode import DAY
from receiver.api import Done, Rejected, RetryLater, Skipped
from receiver.testing import LINK, MemorySteps, make_change, make_connection
from tests.handlers.inbox import Inbox, run_inbox
from tests.handlers.mailing import BROKEN, LOGIN, OWNER, WORKS, context, mail_about

pytestmark = pytest.mark.anyio


async def test_the_owner_gets_the_mail_and_the_outcome_names_it() -> None:
    async with run_inbox() as inbox:
        outcome = await mail_about(BROKEN, inbox)
    [letter] = inbox.letters
    assert isinstance(outcome, Done)
    assert letter.message["Message-ID"] == f"<{outcome.reference}@acme.example>"
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
