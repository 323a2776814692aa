"""From a connection to the mail about it, headers and both bodies."""

import hashlib
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from handlers.email.episode import Mail
from handlers.email.headers import one_line
from handlers.email.options import Options
from handlers.email.words import WORDS
from receiver.api import Connection

_TEMPLATES = Environment(
    loader=PackageLoader("handlers.email"),
    autoescape=select_autoescape(["html.jinja"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class _Unfolded(UnstructuredHeader, BaseHeader):
    """A header on one line. Python encodes a word that is longer than a line, which breaks ids and URLs."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _headers() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in ("in-reply-to", "references", "list-unsubscribe"):
        registry.map_to_type(name, _Unfolded)
    return registry


_POLICY = SMTP.clone(header_factory=_headers())


def build(
    connection: Connection, mail: Mail, options: Options, *, to: Address, link: str | None, now: datetime
) -> EmailMessage:
    """The mail to the connection's owner."""
    words = WORDS[mail.status].about(_utility(connection) or "your utility")
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = words.subject
    message["From"] = options.from_address
    message["To"] = to
    if options.reply_to is not None:
        message["Reply-To"] = options.reply_to
    message["Date"] = now
    message["Message-ID"] = message_id(connection, mail, options)
    # A root that is never sent: it makes one conversation of all that is mailed about a connection.
    message["In-Reply-To"] = message["References"] = _id(options, str(connection.id))
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["List-Unsubscribe"] = f"<mailto:{quote(options.answers_to.addr_spec, '@')}?subject=Unsubscribe>"
    facts = {"Utility": _utility(connection), "Company": _company(connection)}
    content = {
        "words": words,
        "facts": {label: value for label, value in facts.items() if value},
        "link": link,
        "recovered": mail.status.healthy,
    }
    text, html = (_TEMPLATES.get_template(f"mail.{kind}.jinja") for kind in ("txt", "html"))
    message.set_content(text.render(content), cte="quoted-printable")
    message.add_alternative(html.render(content), subtype="html", cte="quoted-printable")
    return message


def message_id(connection: Connection, mail: Mail, options: Options) -> str:
    """The same for all attempts at one mail, so that whoever gets it twice is shown it once, with luck."""
    return _id(options, f"{connection.id}/{mail.episode}/{mail.status}/{mail.person}")


def idempotency_key(connection: Connection, mail: Mail, options: Options) -> str:
    """The same for all attempts at one mail, also when the status moves on between two of them.

    The sender is in it so that two routers beside each other, one of them for trials, do not share a key.
    """
    text = f"{connection.id}/{mail.step}/{options.from_address.addr_spec}"
    return f"nectar-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _id(options: Options, text: str) -> str:
    return f"<{hashlib.sha256(text.encode()).hexdigest()[:32]}@{options.from_address.domain}>"


def _utility(connection: Connection) -> str:
    name = one_line(connection.datasource.name or "") if connection.datasource else ""
    return name or _host(connection.url or "")


def _host(url: str) -> str:
    try:
        return one_line((urlsplit(url).hostname or "").removeprefix("www."))
    except ValueError:
        return ""


def _company(connection: Connection) -> str:
    return one_line(connection.company.name or "") if connection.company else ""
