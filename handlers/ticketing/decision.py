"""What to do about a connection's ticket, if anything: a pure function.

The status asks for a ticket: an open one is told of the status, unless it says so already. One that is solved
is opened again; a new one is opened where there is none, or only one that is closed for good or was solved
long ago. Both wait until the status has lasted long enough, and neither is done when a person closed the
ticket at this very status. The status is only to be told: in an open ticket. It works: an open ticket is
solved, unless a person has opened it again.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from handlers.ticketing.memory import Memory
from handlers.ticketing.rules import Do
from handlers.ticketing.tracker import State, Ticket
from receiver.api import Done, Outcome, RetryLater, Skipped, Status


class Act(StrEnum):
    """What can be done in a tracker."""

    OPEN = "opened"
    COMMENT = "changed"
    CLOSE = "solved"
    REOPEN = "reopened"


@dataclass(frozen=True, slots=True)
class Move:
    """Something to do."""

    act: Act
    ticket: Ticket | None
    """The one concerned; to be opened: the one that it follows."""
    silent: bool = False
    """The text has been written already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a decision depends on."""

    status: Status
    do: Do
    after: timedelta
    first_seen: float | None
    """When Nectar first saw the status, in seconds since 1970."""
    reopen_within: timedelta
    memory: Memory
    ticket: Ticket | None
    """As the tracker answers it now."""
    now: float

    @property
    def is_open(self) -> bool:
        """There is a ticket that people still see."""
        return self.ticket is not None and self.ticket.state is State.OPEN

    @property
    def is_told(self) -> bool:
        """The ticket has spoken of this status, and of none since."""
        return self.ticket is not None and self.memory.told == self.status

    @property
    def since(self) -> float:
        """Since when it has this status.

        Nectar's time, if it fits what we saw ourselves: it lies neither in the future nor before we last saw
        another status. Otherwise since we noticed. So nothing is opened too early, whichever clock is wrong.
        """
        earliest = self.memory.before or 0
        if self.first_seen is not None and earliest <= self.first_seen <= self.now:
            return self.first_seen
        return self.memory.noticed


def decide(situation: Situation) -> Move | Outcome:
    """What to do next; an outcome when there is nothing more."""
    match situation.do:
        case Do.OPEN:
            return _broken(situation)
        case Do.COMMENT:
            return _told(situation) or Skipped(f"{situation.status} asks for no ticket")
        case Do.CLOSE:
            return _works(situation)
        case Do.IGNORE:
            return Skipped(f"{situation.status or 'no status'} asks for nothing here")


def _told(situation: Situation) -> Move | Outcome | None:
    """None when there is no open ticket."""
    if situation.ticket is None or not situation.is_open:
        return None
    return Done(situation.ticket.label) if situation.is_told else Move(Act.COMMENT, situation.ticket)


def _broken(situation: Situation) -> Move | Outcome:
    if (told := _told(situation)) is not None:
        return told
    ticket = situation.ticket
    if ticket is not None and situation.is_told and situation.memory.open:
        return Skipped(
            f"{ticket.label} was closed by a person while it is {situation.status}: it stays closed"
        )
    wait = situation.since + situation.after.total_seconds() - situation.now
    if wait > 0:
        hours = situation.after.total_seconds() / 3600
        return RetryLater(wait, f"{situation.status} must last {hours:g} hours before a ticket is opened")
    if ticket is None or ticket.state is State.FINAL or _is_old(situation):
        return Move(Act.OPEN, ticket)
    # Told already, though we had left it closed: an earlier attempt died after the word, before the deed.
    return Move(Act.REOPEN, ticket, silent=situation.is_told)


def _is_old(situation: Situation) -> bool:
    solved = situation.memory.solved
    return solved is not None and situation.now - solved > situation.reopen_within.total_seconds()


def _works(situation: Situation) -> Move | Outcome:
    ticket = situation.ticket
    if ticket is None:
        return Skipped("it works, and there is no ticket")
    if not situation.is_open:
        return Skipped(f"it works, and {ticket.label} is closed")
    if not situation.memory.open:
        return Skipped(f"it works, and a person has opened {ticket.label} again: it stays open")
    return Move(Act.CLOSE, ticket, silent=situation.is_told)
