"""The texts of a ticket, each ending with the mark by which we know it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from handlers.ticketing.decision import Move
from handlers.ticketing.facts import Facts
from handlers.ticketing.memory import key_of, mark
from handlers.ticketing.options import TicketingOptions, fields_of
from handlers.ticketing.templates import one_line, render
from handlers.ticketing.tracker import Draft
from receiver.api import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes about one connection."""

    connection: Connection
    options: TicketingOptions[Any]
    settings: Mapping[str, Any]
    """What the rules say for it."""
    quote: Callable[[str], str]

    def wants_reconnect_link(self, move: Move) -> bool:
        """Whether the text is to say where the owner mends it."""
        asked = "reconnect_link" in self.options.show and self.connection.status.needs_owner
        return asked and not move.silent

    def draft(self, move: Move, step: int, since: float, link: str | None, idempotency_key: str) -> Draft:
        """The ticket that is to be opened."""
        facts = self._facts(move, since, link)
        plain, quoted = facts.values(str), facts.values(self.quote)
        rendered = {
            name: one_line(render(name, template, plain))
            for name in fields_of(self.options)
            if (template := self.settings[name])
        }
        return Draft(
            key=key_of(self.connection.id),
            subject=one_line(render("subject", self.settings["subject"], plain)),
            body=self._marked(render("body", self.settings["body"], quoted), step),
            fields={name: value for name, value in rendered.items() if value},
            previous=move.ticket,
            idempotency_key=sha256(f"{idempotency_key}/{step}".encode()).hexdigest()[:40],
        )

    def comment(self, move: Move, step: int, since: float, link: str | None) -> str:
        """What is to be written in a ticket; nothing when it has been."""
        if move.silent:
            return ""
        facts = self._facts(move, since, link)
        return self._marked(render("comment", self.settings["comment"], facts.values(self.quote)), step)

    def _facts(self, move: Move, since: float, link: str | None) -> Facts:
        return Facts(
            connection=self.connection,
            event=move.act.value,
            since=since,
            link=self.options.link.replace("{id}", str(self.connection.id)),
            previous=move.ticket.label if move.ticket else "",
            show=self.options.show,
            reconnect_link=link or "",
        )

    def _marked(self, text: str, step: int) -> str:
        return f"{text}\n\n{mark(key_of(self.connection.id), step, self.connection.status)}"
