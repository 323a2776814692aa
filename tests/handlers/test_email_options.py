"""What the mail handler is told by the environment."""

from pathlib import Path

import pytest

from handlers.email.headers import one_line, parse_address, parse_mailbox
from handlers.email.options import Options, Transport
from handlers.email.server import Security, Server, parse_server
from receiver.settings import SettingsError, read_options

URL = "smtp+starttls://router%40acme.example:hush%2Fhush@mail.acme.example"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("EMAIL_SMTP_URL", URL)
    monkeypatch.setenv("EMAIL_FROM", "Energy team <energy@acme.example>")
    return monkeypatch


def test_by_smtp_the_options_are_three_variables(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("EMAIL_REPLY_TO", "help@acme.example")
    options = read_options(Options, "EMAIL")
    assert str(options.from_address) == "Energy team <energy@acme.example>"
    assert options.answers_to.addr_spec == "help@acme.example"
    assert options.server == Server(
        "mail.acme.example", 587, Security.STARTTLS, "router@acme.example", "hush/hush"
    )


def test_answers_go_to_the_sender_when_no_other_address_is_set(environment: pytest.MonkeyPatch) -> None:
    assert read_options(Options, "EMAIL").answers_to.addr_spec == "energy@acme.example"


def test_no_dump_of_the_options_shows_the_password(environment: pytest.MonkeyPatch) -> None:
    options = read_options(Options, "EMAIL")
    for shown in (repr(options), str(options), str(options.model_dump()), repr(options.server)):
        assert "hush" not in shown


def test_every_option_is_described() -> None:
    assert all(field.description for field in Options.model_fields.values())


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", Server("mail.example", 25, Security.NONE)),
        ("smtps://mail.example", Server("mail.example", 465, Security.TLS)),
        ("smtp://[::1]:2525/", Server("::1", 2525, Security.NONE)),
        ("smtps://u:p%40ss@mail.example:1", Server("mail.example", 1, Security.TLS, "u", "p@ss")),
        ("smtps://u:p@ss@mail.example", Server("mail.example", 465, Security.TLS, "u", "p@ss")),
    ],
)
def test_a_server_is_written_as_a_url(url: str, server: Server) -> None:
    assert parse_server(url) == server


def test_one_more_issuer_can_be_trusted(tmp_path: Path) -> None:
    cafile = tmp_path / "ca.pem"
    cafile.touch()
    assert parse_server(f"smtps://mail.example?cafile={cafile}").cafile == str(cafile)


@pytest.mark.parametrize(
    "url",
    [
        "hush",
        "https://hush@mail.example",
        "smtp://",
        "smtps://user:hush@",
        "smtps://hush@mail.example",
        "smtps://user:@mail.example?hush",
        "smtps://user:hu/sh@mail.example",
        "smtps://user:12/hush@mail.example",
        "smtps://user:hu?sh@mail.example",
        "smtps://user:12#hush@mail.example",
        "smtps://mail.example:hush",
        "smtps://mail.example:99999?hush=1",
        "smtps://mail.example/hush",
        "smtps://mail.example?verify=hush",
        "smtps://mail.example?cafile=/hush",
        "smtps://[hush",
    ],
)
def test_a_wrong_url_is_refused_without_repeating_it(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("EMAIL_SMTP_URL", url)
    with pytest.raises(SettingsError, match=r"^EMAIL_SMTP_URL: (must|names)") as refusal:
        read_options(Options, "EMAIL")
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize(
    "sender", ["nobody", "a@b@c", "A <a@b.example>, C <c@d.example>", "A <>", "<a@b", "@b"]
)
def test_a_wrong_sender_is_refused_without_repeating_it(environment: pytest.MonkeyPatch, sender: str) -> None:
    environment.setenv("EMAIL_FROM", sender)
    with pytest.raises(SettingsError, match=r"^EMAIL_FROM: ") as refusal:
        read_options(Options, "EMAIL")
    assert sender not in str(refusal.value)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMAIL_SMTP_URL", raising=False)
    monkeypatch.delenv("EMAIL_FROM", raising=False)
    with pytest.raises(SettingsError) as refusal:
        read_options(Options, "EMAIL")
    assert str(refusal.value).splitlines() == ["EMAIL_SMTP_URL: is not set", "EMAIL_FROM: is not set"]


@pytest.fixture
def by_resend(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("EMAIL_SMTP_URL", raising=False)
    monkeypatch.setenv("EMAIL_FROM", "Energy team <energy@acme.example>")
    monkeypatch.setenv("EMAIL_TRANSPORT", "resend")
    monkeypatch.setenv("EMAIL_RESEND_API_KEY", "re_hush")
    return monkeypatch


def test_resend_needs_a_key_and_no_server(by_resend: pytest.MonkeyPatch) -> None:
    options = read_options(Options, "EMAIL")
    assert options.transport is Transport.RESEND
    assert options.resend_url == "https://api.resend.com"
    for shown in (repr(options), str(options.model_dump())):
        assert "hush" not in shown
    by_resend.delenv("EMAIL_RESEND_API_KEY")
    with pytest.raises(SettingsError) as refusal:
        read_options(Options, "EMAIL")
    assert str(refusal.value) == "EMAIL_RESEND_API_KEY: must be set, since EMAIL_TRANSPORT is resend"


def test_smtp_needs_a_server_and_no_key(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("EMAIL_SMTP_URL")
    environment.setenv("EMAIL_RESEND_API_KEY", "re_hush")
    with pytest.raises(SettingsError, match=r"^EMAIL_SMTP_URL: is not set$"):
        read_options(Options, "EMAIL")
    with pytest.raises(ValueError, match="unless EMAIL_TRANSPORT is resend"):
        Options.model_validate({"smtp_url": None, "from": "energy@acme.example"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EMAIL_TRANSPORT", "hush"),
        ("EMAIL_RESEND_API_KEY", "re_hush\nX-Evil: 1"),
        ("EMAIL_RESEND_API_KEY", "re_hush re_hush"),
        ("EMAIL_RESEND_API_KEY", "re_hüsh"),
        ("EMAIL_RESEND_URL", "hush.example"),
        ("EMAIL_RESEND_URL", "https://me:hush@api.example"),
        ("EMAIL_RESEND_URL", "https://[hush"),
        ("EMAIL_SMTP_URL", "https://hush.example"),
    ],
)
def test_what_is_wrong_for_resend_is_named_and_not_repeated(
    by_resend: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    by_resend.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{variable}: ") as refusal:
        read_options(Options, "EMAIL")
    assert "hush" not in str(refusal.value)
    assert "hüsh" not in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("a@b.example", "", "a@b.example"),
        ("<a@b.example>", "", "a@b.example"),
        ("Acme, Inc. <a@b.example>", "Acme, Inc.", "a@b.example"),
        ('"Acme, Inc." <a@b.example>', "Acme, Inc.", "a@b.example"),
        ("Jürgen <j@bücher.example>", "Jürgen", "j@xn--bcher-kva.example"),
    ],
)
def test_a_mailbox_is_written_as_people_write_it(written: str, name: str, address: str) -> None:
    mailbox = parse_mailbox(written)
    assert (mailbox.display_name, mailbox.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "address",
    [
        "a,b@acme.example",
        "a@acme.example,b",
        "a;b@acme.example",
        '"a b"@acme.example',
        "a b@acme.example",
        "(hello)a@acme.example",
        "a@[127.0.0.1]",
        "a@acme..example",
        ".a@acme.example",
        "a@acme.example\r\nBcc: b@acme.example",
        "=?utf-8?q?a=0D=0ABcc=3A_b?=@acme.example",
        "a@" + "x" * 64 + ".example",
    ],
)
def test_what_is_not_exactly_one_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="e-mail address"):
        parse_address(address)


def test_a_name_becomes_one_printable_line_of_bounded_length() -> None:
    assert one_line("Acme\r\nBcc: x\u2028\u202e\x00 Inc. ") == "Acme Bcc: x Inc."
    assert one_line("=?utf-8?q?a=0D=0A?=") == "= ?utf-8?q?a=0D=0A?="
    assert one_line("x" * 90) == "x" * 79 + "…"
