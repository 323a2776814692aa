"""From a connection to the message about it.

No user name, no address, no reconnect link: a channel has readers who must not have them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handlers.chat.words import words_for
from receiver.api import Connection, Status

LONGEST_NAME = 80
_MARKUP = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "@": "＠", "`": "'"})  # noqa: RUF001
"""What chats make links and mentions of: a company that is called `<!everyone>` must alarm nobody."""


class Kind(StrEnum):
    """How bad it is, in Apprise's words, which services show as colours or severities."""

    FAILURE = "failure"
    WARNING = "warning"
    SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    title: str
    """The same for all messages about a connection: PagerDuty's `?action=map` finds the incident by it."""
    body: str
    kind: Kind


def compose(connection: Connection, link: str) -> Message:
    """The message about how a connection stands. `link`: with `{id}` for its id; empty: none."""
    words = words_for(connection.status)
    named = "" if connection.status.healthy or not connection.status else f" ({plain(connection.status)})"
    lines = [f"{words.happened}{named}", words.needed]
    if (since := connection.status_first_seen_time or connection.status_last_update_time) is not None:
        lines.append(f"Since {_moment(since)}.")
    lines.append(link.replace("{id}", str(connection.id)) if link else f"Connection {connection.id}")
    return Message(_title(connection), "\n".join(lines), _kind(connection.status))


def plain(text: str) -> str:
    """`text` as one line of characters that no chat takes for markup."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(printable.translate(_MARKUP).split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def _title(connection: Connection) -> str:
    utility = plain((connection.datasource and connection.datasource.name) or "") or "A utility"
    company = plain((connection.company and connection.company.name) or "")
    owner = f" of {company}" if company else ""
    return f"{utility}{owner} ({str(connection.id)[:8]})"


def _kind(status: Status) -> Kind:
    if status.healthy:
        return Kind.SUCCESS
    return Kind.FAILURE if status.needs_owner or status.needs_operator else Kind.WARNING


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
