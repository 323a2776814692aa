"""The lines that a `dev` prints while it runs, and the mails among them."""

import re
from textwrap import shorten

from redis.exceptions import RedisError
from rich.console import Console
from rich.text import Text

from receiver.journal.history import Accepted, History, milliseconds
from receiver.simulator import Inbox, Mail, Simulator
from receiver.telemetry import PlainLine

COLORS = {
    "accepted": "cyan",
    "fetched": "blue",
    "delivered": "green",
    "mailed": "bold magenta",
    "·": "dim",
}
LEVELS = {"WARNING": "yellow", "ERROR": "bold red"}
PARTS = re.compile(r"(?P<time>[\d:.]{12})  (?P<rest>(?P<word>[\w·]+).*?)(?P<late>\s\d+ ms)?", re.S)
LONGEST_SUBJECT = 46
LOOKED_BACK = 50
"""Newest events among which the one behind a mail is searched."""


class Feed:
    """Prints the programs' lines. Those from before it is opened are held, to be shown if the start fails."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._held: list[str] | None = []

    def open(self) -> None:
        """All is up: what was said on the way there is of no interest."""
        self._held = None

    def close(self) -> None:
        """All is being stopped: neither is what is said about that."""
        self._held = []

    def fail(self) -> None:
        """Show what was held."""
        held, self._held = self._held or [], None
        for line in held:
            self.tell(line)
        self.close()

    def tell(self, line: str) -> None:
        """Print a line, or hold it."""
        if self._held is not None:
            self._held.append(line)
        else:
            self._out.print(colored(line), soft_wrap=True)


def colored(line: str) -> Text:
    """A line of `PlainLine` in colors: its level says which, or else its first word."""
    parts = PARTS.fullmatch(line)
    if parts is None:
        return Text(line)
    level = next((color for level, color in LEVELS.items() if f" {level} " in line), "")
    color = level or COLORS.get(parts["word"], "")
    return Text.assemble((parts["time"] + "  ", "dim"), (parts["rest"], color), (parts["late"] or "", "bold"))


class Postman:
    """Tells of each mail in the inbox."""

    def __init__(self, feed: Feed, inbox: Inbox, simulator: Simulator, history: History) -> None:
        self._feed = feed
        self._inbox = inbox
        self._simulator = simulator
        self._history = history
        self._render = PlainLine()

    async def watch(self) -> None:
        """Go on until cancelled."""
        told = 0
        while True:
            try:
                mails = await self._inbox.wait_for(told + 1, within=60)
            except TimeoutError:
                continue
            for mail in mails[told:]:
                await self._tell(mail)
            told = len(mails)

    async def _tell(self, mail: Mail) -> None:
        event = await self._behind(mail)
        line = {
            "timestamp": mail.received.isoformat(),
            "event": "mailed",
            "connection": event.connection if event else "",
            "to": ", ".join(mail.to),
            "subject": shorten(mail.subject, LONGEST_SUBJECT, placeholder="…"),
            "since_accepted_ms": _late(mail, event) if event else None,
        }
        self._feed.tell(self._render(None, "", line))

    async def _behind(self, mail: Mail) -> Accepted | None:
        """The newest event of a connection whose owner got the mail: a mail itself does not say which."""
        try:
            events = await self._history.newest_events(LOOKED_BACK)
        except (RedisError, OSError):  # it is being restarted: this line can do without
            return None
        owners = {id_: one.get("workflowOwnerEmail") for id_, one in self._simulator.connections.items()}
        return next((event for event in events if owners.get(event.connection) in mail.to), None)


def _late(mail: Mail, event: Accepted) -> int:
    return max(0, round(mail.received.timestamp() * 1000) - milliseconds(event.mark))
