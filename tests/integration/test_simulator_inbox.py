"""The inbox takes real mail and shows it in a browser without trusting it."""

import asyncio
import sys
from asyncio.subprocess import create_subprocess_exec
from collections.abc import AsyncIterator
from email.message import EmailMessage
from html import unescape

import aiosmtplib
import httpx
import pytest

from receiver.simulator import Inbox, Simulator

pytestmark = pytest.mark.anyio

HTML = (
    '<p style="color:#1d6b45">Please <a href="https://dash.nectarclimate.com/p/i/token-1">reconnect</a>'
    ' "now".'
    "<a href=\"javascript:alert('no')\">no</a><script>alert('no')</script></p>"
)
TEXT = "Grüße! See https://dash.nectarclimate.com/p/i/token-1, or https://example.com/help."


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with Inbox() as taking:
        yield taking


@pytest.fixture
async def browser(inbox: Inbox) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        Simulator(inbox=inbox) as nectar,
        httpx.AsyncClient(base_url=nectar.url, trust_env=False) as client,
    ):
        yield client


def letter(subject: str = "Data is missing: Example Power & Light") -> EmailMessage:
    """A mail as a router sends it."""
    message = EmailMessage()
    message["From"] = "Example Holding <router@example.com>"
    message["To"] = "owner@example.com"
    message["Subject"] = subject
    message.set_content(TEXT)
    message.add_alternative(HTML, subtype="html")
    return message


async def send(inbox: Inbox, message: EmailMessage, to: tuple[str, ...] = ("owner@example.com",)) -> None:
    await aiosmtplib.send(message, hostname=inbox.host, port=inbox.port, recipients=[*to])


async def test_a_mail_is_kept_as_it_was_sent(inbox: Inbox) -> None:
    await send(inbox, letter(), ("owner@example.com", "copy@example.com"))
    [mail] = await inbox.wait_for(1)
    assert mail.sender == "Example Holding <router@example.com>"
    assert mail.to == ("owner@example.com", "copy@example.com")
    assert mail.subject == "Data is missing: Example Power & Light"
    assert mail.text.strip() == TEXT
    assert mail.html.strip() == HTML
    assert mail.message["to"] == "owner@example.com"
    assert mail.received.tzinfo is not None


async def test_links_are_listed_once_and_only_web_addresses(inbox: Inbox) -> None:
    await send(inbox, letter())
    [mail] = await inbox.wait_for(1)
    assert mail.links == ("https://dash.nectarclimate.com/p/i/token-1", "https://example.com/help")


async def test_a_login_is_taken_whatever_it_is(inbox: Inbox) -> None:
    await aiosmtplib.send(
        letter(), hostname=inbox.host, port=inbox.port, username="router", password="example"
    )
    assert len(await inbox.wait_for(1)) == 1


async def test_waiting_ends_when_enough_have_come(inbox: Inbox) -> None:
    waiting = asyncio.create_task(inbox.wait_for(2, 10))
    await send(inbox, letter("first"))
    await send(inbox, letter("second"))
    assert [mail.subject for mail in await waiting] == ["first", "second"]


async def test_waiting_in_vain_says_what_has_come(inbox: Inbox) -> None:
    await send(inbox, letter("the only one"))
    with pytest.raises(TimeoutError, match=r"1 of 2 mails within 0\.05 s: \['the only one'\]"):
        await inbox.wait_for(2, 0.05)


async def test_a_mail_that_is_refused_is_not_kept(inbox: Inbox) -> None:
    inbox.refusal = "451 try later"
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(inbox, letter())
    assert refused.value.code == 451
    assert inbox.mails == []


async def test_it_closes_while_a_client_is_still_connected() -> None:
    async with Inbox() as inbox:
        client = aiosmtplib.SMTP(hostname=inbox.host, port=inbox.port)
        await client.connect()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.noop()
    client.close()


async def test_the_list_shows_the_newest_mail_first(inbox: Inbox, browser: httpx.AsyncClient) -> None:
    assert "No mail yet" in (await browser.get("/inbox")).text
    await send(inbox, letter("the first"))
    await send(inbox, letter("<b>the second</b>"))
    page = (await browser.get("/inbox")).text
    assert page.index("&lt;b&gt;the second") < page.index("the first")
    assert 'href="/inbox/2"' in page


async def test_a_mail_s_html_is_shown_in_a_sandbox_that_runs_nothing(
    inbox: Inbox, browser: httpx.AsyncClient
) -> None:
    await send(inbox, letter())
    answer = await browser.get("/inbox/1")
    before, _, rest = answer.text.partition('<iframe sandbox title="The mail as HTML" srcdoc="')
    framed, _, after = rest.partition('"></iframe>')
    assert unescape(framed).strip() == HTML
    assert "<script" not in before + after
    assert "javascript:" not in before + after
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'href="https://dash.nectarclimate.com/p/i/token-1"' in after
    assert "Grüße!" in after


async def test_a_mail_of_text_alone_has_no_frame(inbox: Inbox, browser: httpx.AsyncClient) -> None:
    plain = EmailMessage()
    plain["From"] = "router@example.com"
    plain.set_content("just text")
    await send(inbox, plain)
    page = (await browser.get("/inbox/1")).text
    assert "(no subject)" in page
    assert "<iframe" not in page


@pytest.mark.parametrize("number", ["0", "1", "x"])
async def test_a_mail_that_is_not_there_is_answered_404(browser: httpx.AsyncClient, number: str) -> None:
    assert (await browser.get(f"/inbox/{number}")).status_code == 404


async def test_a_simulator_without_an_inbox_has_no_pages_for_it() -> None:
    async with Simulator() as nectar, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{nectar.url}/inbox")).status_code == 404


async def test_only_an_inbox_that_is_opened_needs_the_mail_server_s_package() -> None:
    check = "import sys, receiver.simulator; sys.exit('aiosmtpd' in sys.modules)"
    python = await create_subprocess_exec(sys.executable, "-c", check)
    assert await python.wait() == 0
