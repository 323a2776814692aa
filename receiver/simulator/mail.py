"""A mail as it arrived, taken apart: what a test asks about and what the inbox shows."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


@dataclass(frozen=True)
class Mail:
    """One mail. `to` is the envelope's, so it holds blind copies too; `message` has all the headers."""

    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    links: tuple[str, ...]
    """Web addresses in the HTML's links, then in the text; each once."""
    message: EmailMessage = field(repr=False)
    received: datetime = field(default_factory=lambda: datetime.now(UTC))


def read_mail(content: bytes, to: list[str]) -> Mail:
    """The mail within the bytes that followed DATA."""
    message = message_from_bytes(content, policy=policy.default)
    text, html = _body(message, "plain"), _body(message, "html")
    links = tuple(dict.fromkeys([*_hrefs(html), *_URL.findall(text)]))
    return Mail(str(message["from"]), tuple(to), str(message["subject"] or ""), text, html, links, message)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") or ""
        # Only these are shown as links in a page of ours: a javascript: one would run there.
        if tag == "a" and target.startswith(("https://", "http://")):
            self.found.append(target)


def _hrefs(html: str) -> list[str]:
    parser = _Links()
    parser.feed(html)
    return parser.found
