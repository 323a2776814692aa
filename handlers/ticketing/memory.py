"""What is remembered of one connection, and how it is found again in the ticket's own texts.

Each text that we write ends with a mark: which connection, the how manieth step, and the status it speaks of.
So a ticket tells by itself how far we got, and memory that was lost is read back from it.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue

from handlers.ticketing.tracker import State, Ticket
from receiver.api import Status


def key_of(connection: UUID) -> str:
    """The external key of a connection's tickets."""
    return f"nectar-{hashlib.sha256(str(connection).encode()).hexdigest()[:16]}"


class Mark(NamedTuple):
    """The last line of a text of ours."""

    step: int
    status: str


def mark(key: str, step: int, status: str) -> str:
    """As it stands in the text."""
    word = re.sub(r"\W", "-", status)
    return f"Ref. {key} / {step} / {word}"


def last_mark(key: str, texts: Iterable[str]) -> Mark | None:
    """The newest of ours in a ticket. People quote older ones, so it is the number that counts."""
    pattern = re.compile(rf"Ref\. {re.escape(key)} / (\d{{1,9}}) / ([\w-]*)")
    marks = (Mark(int(found[1]), found[2]) for text in texts for found in pattern.finditer(text))
    return max(marks, default=None)


class Memory(BaseModel):
    """What is remembered of one connection."""

    model_config = ConfigDict(frozen=True)

    step: int = 0
    """Number of the next thing that we do in the tracker. Never used twice."""
    ticket: str | None = None
    """Id of the connection's ticket, open or not."""
    name: str = ""
    open: bool = False
    """We left it open. It may not be any more: people close tickets too."""
    told: str = ""
    """The status that the ticket last spoke of."""
    solved: float | None = None
    """When we closed it, in seconds since 1970."""
    sure: bool = False
    """All this is so. Otherwise the tracker must be asked first: at the very beginning, since memory may have
    been lost, and after a step whose end is not known."""
    begun: float = 0
    """When we last began to open a ticket, if it is not known whether that succeeded; else 0."""
    status: str | None = None
    """As it was when the handler last ran."""
    noticed: float = 0
    """When the handler first ran with that status."""
    seen: float = 0
    """When it last ran with it."""
    before: float | None = None
    """When it last ran with another one."""

    def noticing(self, status: Status, now: float) -> Self:
        """The same, having seen that status now."""
        if status == self.status:
            return self.model_copy(update={"seen": max(now, self.seen)})
        before = None if self.status is None else self.seen
        return self.model_copy(update={"status": str(status), "noticed": now, "seen": now, "before": before})

    def after(self, step: JsonValue) -> Self:
        """The same after a finished step, by what `record` kept of it."""
        assert isinstance(step, dict)
        return self.model_copy(update={**step, "step": self.step + 1, "sure": True, "begun": 0})

    def found(self, ticket: Ticket, last: Mark | None) -> Self:
        """The same when we do not know how far we got with this ticket, and this is the last mark in it."""
        newer = last is not None and (ticket.id != self.ticket or last.step >= self.step)
        return self.model_copy(
            update={
                "ticket": ticket.id,
                "name": ticket.name,
                # Of one that is closed and of which nothing is known, a person is taken to have closed it.
                "open": self.open or ticket.state is State.OPEN or ticket.id != self.ticket,
                "told": last.status if last is not None and newer else self.told,
                "step": max(self.step, last.step + 1 if last else 0),
                "sure": True,
                "begun": 0,
            }
        )

    def without_ticket(self, *, sure: bool) -> Self:
        """The same when there is none, or it is gone: then we are not sure that there is no other."""
        nothing = {"ticket": None, "name": "", "open": False, "told": "", "solved": None, "begun": 0}
        return self.model_copy(update={**nothing, "sure": sure})

    def in_doubt(self, begun: JsonValue) -> Self:
        """The same when a step was begun whose end is not known. `begun`: when, if to open a ticket."""
        return self.model_copy(update={"sure": False, "begun": begun or 0})

    def recovered(self, status: Status) -> Self:
        """The same when it works again and somebody else had closed the ticket before."""
        return self.model_copy(update={"open": False, "told": str(status)})

    @property
    def label(self) -> str | None:
        """What people call the ticket."""
        return self.name or self.ticket


def record(ticket: Ticket, told: Status, *, left_open: bool, solved: float | None = None) -> JsonValue:
    """What a finished step leaves behind, for `Memory.after`."""
    return {
        "ticket": ticket.id,
        "name": ticket.name,
        "told": str(told),
        "open": left_open,
        "solved": solved,
    }
