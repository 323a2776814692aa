"""What may stand in a mail's header: one line, one address.

Python's `email` package decodes `=?charset?q?...?=` wherever it meets it in a header, line breaks included,
so a company that is called by such a word could add headers of its own. Nothing with `=?` gets through here.
"""

import re
from email.headerregistry import Address

_ATOM = r"[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,\".]+"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@(\w[\w-]*(?:\.\w[\w-]*)*)")
_MAILBOX = re.compile(r'(?:"?([^"<>]*?)"?\s*<([^<>]+)>|([^<>]+))')


def one_line(text: str, longest: int = 80) -> str:
    """`text` as one line of printable characters, at most `longest` of them."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(printable.replace("=?", "= ?").split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def parse_address(text: str, name: str = "") -> Address:
    """The one address that `text` is, its domain in ASCII. Raises ValueError, which does not repeat it.

    Narrower than RFC 5322: quoted local parts, comments, lists and literal IP addresses are refused.
    """
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or "=?" in text:
        raise ValueError("is not an e-mail address")
    try:
        domain = match[2].encode("idna").decode()
    except UnicodeError:
        raise ValueError("is an e-mail address with an impossible domain") from None
    return Address(name, match[1], domain)


def parse_mailbox(text: str) -> Address:
    """`Name <a@b>` or `a@b`. Raises ValueError, which does not repeat it."""
    match = _MAILBOX.fullmatch(text.strip())
    if match is None or text != text.strip("\r\n"):
        raise ValueError("must look like 'Name <name@example.com>' or 'name@example.com'")
    name, bracketed, bare = match.groups()
    return parse_address(bracketed or bare, one_line(name or ""))
