"""From a connection to the variables of the templates.

All of it comes from outside. Secrets and personal data are taken out wherever they turn up, in Nectar's error
text too; what is left is made harmless for the tracker by its own `quote`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from handlers.ticketing.templates import one_line
from handlers.ticketing.words import words_for
from receiver.api import Connection

Event = Literal["opened", "changed", "solved", "reopened"]
Shown = Literal["username", "owner", "reconnect_link"]

_LINK = re.compile(r"(/workflow/|/p/i/)[^\s\"'<>/]+")
_ADDRESS = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*")
_SHORTEST_NAME = 3
LONGEST_DETAIL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that there is to say."""

    connection: Connection
    event: Event
    since: float
    """Since when it has its status, in seconds since 1970."""
    link: str
    previous: str = ""
    show: tuple[Shown, ...] = ()
    reconnect_link: str = ""

    def values(self, quote: Callable[[str], str]) -> Mapping[str, object]:
        """The variables, each harmless by `quote`."""
        connection, words = self.connection, words_for(self.connection.status)
        ours = {
            "event": self.event,
            "status": str(connection.status),
            "problem": words.problem,
            "advice": words.advice,
            "since": datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "connection_id": str(connection.id),
            "link": self.link,
            "previous": self.previous,
            "reconnect_link": self.reconnect_link if "reconnect_link" in self.show else "",
        }
        personal = {"username": connection.username, "owner": connection.workflow_owner_email}
        shown = {name: quote(one_line(value or "")) for name, value in self._shown(personal)}
        texts = {name: quote(self._clean(value)) for name, value in _texts(connection).items()}
        lists = {
            name: [quote(self._clean(value)) for value in values]
            for name, values in _lists(connection).items()
        }
        return {**texts, **lists, **shown, **ours}

    def _shown(self, personal: Mapping[str, str | None]) -> Iterable[tuple[str, str | None]]:
        return ((name, value if name in self.show else None) for name, value in personal.items())

    def _clean(self, text: str | None) -> str:
        """One line, without what nobody who reads tickets is to see."""
        line = one_line(text or "", LONGEST_DETAIL)
        line = _ADDRESS.sub("[address]", _LINK.sub(r"\1[secret]", line))
        username = self.connection.username or ""
        return line.replace(username, "[username]") if len(username) >= _SHORTEST_NAME else line


def _texts(connection: Connection) -> Mapping[str, str | None]:
    company, datasource = connection.company, connection.datasource
    return {
        "detail": connection.status_error_detail,
        "utility": (datasource.name if datasource else None) or _host(connection.url or "") or "a utility",
        "utility_url": _page(connection.url or ""),
        "company": company.name if company else None,
        "company_id": str(company.id) if company and company.id else None,
        "company_external_id": company.external_id if company else None,
        "country": connection.country,
    }


def _lists(connection: Connection) -> Mapping[str, Iterable[str]]:
    accounts = connection.accounts
    sites = [str(account.site.name or account.site.id or "") for account in accounts if account.site]
    types = [
        *connection.initial_datasource_types,
        *(kind for each in accounts for kind in each.datasource_types),
    ]
    return {
        "sites": dict.fromkeys(filter(None, sites or map(str, connection.initial_sites))),
        "accounts": dict.fromkeys(number for account in accounts for number in account.numbers),
        "types": dict.fromkeys(map(str, types)),
    }


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _page(url: str) -> str:
    """Without what may hold a secret: a login, a query, a fragment."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme in ("http", "https") and host else ""
