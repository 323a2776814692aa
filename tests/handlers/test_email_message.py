"""What the mail looks like on the wire and to its reader."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8, default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.email.episode import Mail
from handlers.email.message import build
from handlers.email.options import Options
from receiver.api import Connection, Status
from receiver.testing import LINK, make_connection

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
OPTIONS = Options.model_validate(
    {"smtp_url": "smtp://localhost", "from": "Energy team <energy@acme.example>"}
)
OWNER = Address("", "owner", "northwind.example")
NEEDS_OWNER = [status for status in Status if status.needs_owner]


def write(
    connection: Connection, *, link: str | None = LINK, episode: int = 1, options: Options = OPTIONS
) -> EmailMessage:
    """The mail about `connection`, as it arrives at the other end."""
    mail = Mail(connection.status, episode, "somebody")
    sent = build(connection, mail, options, to=OWNER, link=link, now=NOW)
    arrived = message_from_bytes(sent.as_bytes(), policy=default)
    assert isinstance(arrived, EmailMessage)
    return arrived


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def text(message: EmailMessage) -> str:
    return body(message, "plain")


def html(message: EmailMessage) -> str:
    return body(message, "html")


def test_the_headers_name_the_sender_the_owner_and_the_matter() -> None:
    message = write(make_connection())
    assert message["Subject"] == "Please update the password for Harbor Electric"
    assert message["From"] == "Energy team <energy@acme.example>"
    assert message["To"] == "owner@northwind.example"
    assert message["Date"].datetime == NOW
    assert "Reply-To" not in message


def test_the_headers_tell_other_programs_not_to_answer() -> None:
    message = write(make_connection())
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Unsubscribe"] == "<mailto:energy@acme.example?subject=Unsubscribe>"


def test_answers_go_where_the_options_say() -> None:
    senders = {"from": "no-reply@acme.example", "reply_to": "Help <h+1@acme.example>"}
    options = Options.model_validate({"smtp_url": "smtp://localhost", **senders})
    message = write(make_connection(), options=options)
    assert message["Reply-To"] == "Help <h+1@acme.example>"
    assert message["List-Unsubscribe"] == "<mailto:h%2B1@acme.example?subject=Unsubscribe>"


def test_all_mails_about_one_connection_are_one_conversation() -> None:
    first, second = write(make_connection()), write(make_connection("CONNECTED"))
    assert first["References"] == first["In-Reply-To"] == second["References"] == second["In-Reply-To"]
    other = write(make_connection(id="11111111-2222-4333-8444-555555555555"))
    assert other["References"] != first["References"]


def test_the_message_id_is_the_same_for_the_same_mail_and_no_other() -> None:
    mails = [
        write(make_connection()),
        write(make_connection("CONNECTED")),
        write(make_connection(), episode=2),
        write(make_connection(id="11111111-2222-4333-8444-555555555555")),
    ]
    ids = [str(mail["Message-ID"]) for mail in mails]
    assert len(set(ids)) == len(ids)
    assert write(make_connection())["Message-ID"] == ids[0]
    assert re.fullmatch(r"<[0-9a-f]{32}@acme\.example>", ids[0])


def test_ids_survive_a_long_domain() -> None:
    """Python wraps what is longer than a line into `=?utf-8?q?...?=`, which no mail program undoes here."""
    domain = "a-rather-long-name-of-a-company.and-of-one-of-its-many-departments.example"
    sent = build(
        make_connection(),
        Mail(Status.CONNECTED, 1, "somebody"),
        Options.model_validate({"smtp_url": "smtp://localhost", "from": f"energy@{domain}"}),
        to=OWNER,
        link=None,
        now=NOW,
    )
    assert re.search(rf"^References: <\w+@{domain}>\r$", sent.as_string(), re.MULTILINE)
    assert f"List-Unsubscribe: <mailto:energy@{domain}?subject=Unsubscribe>\r\n" in sent.as_string()


@pytest.mark.parametrize("status", NEEDS_OWNER)
def test_the_owner_reads_what_happened_where_and_for_whom_and_what_to_do(status: Status) -> None:
    message = write(make_connection(status))
    for shown in (text(message), html(message)):
        assert "Harbor Electric" in shown
        assert "Northwind Properties" in shown
        assert "at hand" in shown
        assert LINK in shown
        assert "{utility}" not in shown
    assert re.search(rf'<a [^>]*href="{re.escape(LINK)}"[^>]*>Reconnect now</a>', html(message))


def test_a_recovery_mail_asks_for_nothing() -> None:
    message = write(make_connection("CONNECTED"), link=None)
    for shown in (text(message), html(message)):
        assert "works again" in shown
        assert "sign in where" not in shown
        assert "Reconnect" not in shown


def test_without_a_link_the_mail_says_how_to_go_on() -> None:
    message = write(make_connection(), link=None)
    for shown in (text(message), html(message)):
        assert "sign in where this connection was set up" in shown
        assert "reply to this mail" in shown
        assert "http" not in shown
    assert "<a " not in html(message)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"datasource": {"name": "Harbor Electric"}}, "Harbor Electric"),
        ({"datasource": None, "url": "https://www.harbor.example:8443/login"}, "harbor.example"),
        ({"datasource": {"name": " "}, "url": "https://harbor.example"}, "harbor.example"),
        ({"datasource": None, "url": None}, "your utility"),
        ({"datasource": None, "url": "http://[broken"}, "your utility"),
    ],
)
def test_the_utility_is_named_as_well_as_it_is_known(fields: dict[str, Any], name: str) -> None:
    message = write(make_connection(**fields))
    assert message["Subject"] == f"Please update the password for {name}"
    assert ("Utility:" in text(message)) == (name != "your utility")


@pytest.mark.parametrize("company", [None, {"name": None}, {"name": ""}])
def test_a_company_that_is_not_known_is_not_spoken_of(company: dict[str, Any] | None) -> None:
    message = write(make_connection(company=company))
    assert "Company" not in text(message) + html(message)


def test_what_signs_in_and_what_is_billed_is_in_no_mail() -> None:
    sent = build(
        make_connection(), Mail(Status.MFA_TOKEN_EXPIRED, 1, "x"), OPTIONS, to=OWNER, link=LINK, now=NOW
    )
    assert "northwind-facilities" not in sent.as_string()
    assert "100-200-300" not in sent.as_string()


def test_the_mail_loads_nothing_and_leads_nowhere_but_to_the_link() -> None:
    shown = html(write(make_connection()))
    assert not re.search(r"<img|<script|<link|src=|url\(|@import", shown)
    assert set(re.findall(r"https?://[^\s\"'<]+", shown)) == {LINK}


def test_names_are_shown_as_text_never_as_markup() -> None:
    name = "<script>alert('x')</script> & \"Söhne\""
    message = write(make_connection(company={"name": name}), link="https://x.example/?a=1&b=2")
    assert name in text(message)
    assert "<script>" not in html(message)
    assert "&lt;script&gt;" in html(message)
    assert 'href="https://x.example/?a=1&amp;b=2"' in html(message)


def test_names_in_any_script_arrive_as_they_are() -> None:
    message = write(make_connection(datasource={"name": "東京電力 Zażółć"}, company={"name": "Ünïcode ÅB"}))
    assert message["Subject"] == "Please update the password for 東京電力 Zażółć"
    assert "Ünïcode ÅB" in text(message)
    assert "東京電力" in html(message)


def test_an_owner_beyond_ascii_is_written_to() -> None:
    owner = Address("", "jürgen", "xn--bcher-kva.example")
    sent = build(make_connection(), Mail(Status.CONNECTED, 1, "x"), OPTIONS, to=owner, link=None, now=NOW)
    assert "\r\nTo: jürgen@xn--bcher-kva.example\r\n".encode() in sent.as_bytes(policy=SMTPUTF8)


HEADERS = sorted(write(make_connection()).keys())
names = st.one_of(
    st.text(max_size=200),
    st.sampled_from(
        [
            "Acme\r\nBcc: eve@evil.example",
            "Acme\nBcc: eve@evil.example",
            "=?utf-8?q?Acme=0D=0ABcc=3A_eve=40evil=2Eexample?=",
            "=?utf-8?b?QWNtZQ0KQmNjOiBldmVAZXZpbC5leGFtcGxl?=",
            "==??utf-8?q?=0D=0ABcc=3A_x?= =?",
            "Acme\r\n\r\n<h1>hello</h1>",
        ]
    ),
)


@given(names, names)
def test_no_name_can_add_a_header_or_a_recipient(utility: str, company: str) -> None:
    message = write(make_connection(datasource={"name": utility}, company={"name": company}))
    assert sorted(message.keys()) == HEADERS
    assert message["To"].addresses == (OWNER,)
    assert message["Subject"].startswith("Please update the password for ")
    assert "Reconnect now" in html(message)
