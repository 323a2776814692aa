"""The mail server that EMAIL_SMTP_URL names."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

SHAPE = "smtp+starttls://user:password@smtp.example.com:587"


class Security(StrEnum):
    """How the way to the server is protected, by the URL's scheme."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"

    @property
    def port(self) -> int:
        """The port that goes without saying."""
        return {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}[self]


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to sign in to it. As a string: `host:port`."""

    host: str
    port: int
    security: Security
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    cafile: str | None = None
    """A file of certificates in PEM form to trust beside the usual ones."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_server(url: str) -> Server:
    """The server that an SMTP URL names. Raises ValueError, which never repeats any part of the URL.

    `smtp://` (not encrypted), `smtp+starttls://` or `smtps://`, with user and password percent-encoded where
    the server wants them. Certificates are always verified; `?cafile=/path/to/ca.pem` trusts one more issuer,
    such as a company's own.
    """
    # An unescaped "/", "?" or "#" in a password ends the host's part early: so nothing may follow it.
    try:
        parts = urlsplit(url)
        port = parts.port
        query = parse_qs(parts.query, strict_parsing=True, max_num_fields=1) if parts.query else {}
    except ValueError:
        raise ValueError(_advice()) from None
    if parts.scheme not in list(Security):
        raise ValueError(f"must begin with smtp://, smtp+starttls:// or smtps://, as in {SHAPE}")
    if not parts.hostname or parts.path.strip("/") or parts.fragment or query.keys() - {"cafile"}:
        raise ValueError(_advice())
    if bool(parts.username) != bool(parts.password):
        raise ValueError(f"must name both a user and a password, or neither, as in {SHAPE}")
    security = Security(parts.scheme)
    user, password = _login(parts)
    return Server(parts.hostname, port or security.port, security, user, password, _cafile(query))


def _advice() -> str:
    return f"must look like {SHAPE}, user and password percent-encoded"


def _login(parts: SplitResult) -> tuple[str | None, str | None]:
    if not parts.username or not parts.password:
        return None, None
    return unquote(parts.username), unquote(parts.password)


def _cafile(query: dict[str, list[str]]) -> str | None:
    for path in query.get("cafile", []):
        if not Path(path).is_file():
            raise ValueError("names a cafile that is not there")
        return path
    return None
