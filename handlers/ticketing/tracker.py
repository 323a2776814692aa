"""What the engine asks of a ticket system: a class of this shape is what a further tracker takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """How a ticket stands, whatever its tracker calls that."""

    OPEN = "open"
    SOLVED = "solved"
    """Closed; can be opened again."""
    FINAL = "final"
    """Closed for good: nothing can be written there any more, so what breaks again gets a new ticket."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its tracker answers it."""

    id: str
    """Stays the same when the ticket is moved: of Jira the number, not the key."""
    state: State
    name: str = ""
    """What people call it, such as `#42`; if nothing, its id."""

    @property
    def label(self) -> str:
        """What to call it in texts and outcomes."""
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class Draft:
    """A ticket that is to be opened."""

    key: str
    """Names the connection: the same for all tickets about it, and in no ticket about another. By it `find`
    finds the ticket again. The body holds it too."""
    subject: str
    """One line."""
    body: str
    fields: Mapping[str, str]
    """What the rules say beyond that, rendered, by the names of the tracker's own settings: `project`,
    `assignee`... What renders to nothing is not here."""
    previous: Ticket | None
    """The ticket of the last time, where that is closed for good. The body names it; link it if you can."""
    idempotency_key: str
    """The same for each attempt at this one ticket. For trackers that deduplicate."""


class RefusedError(Exception):
    """The tracker will never take this as it is: a setting is wrong or a right is missing.

    The text says what to change and where. Becomes a dead letter.
    """


class Tracker(Protocol):
    """One ticket system, with its options and a client (`ctx.http`).

    Errors: `raise_for_status()`. 401 and 403 park the handler; 429, 5xx and broken connections are tried
    again; any other 4xx is a dead letter: where there is more to say about it, raise RefusedError. A 404 or
    410 from `comment`, `close` and `reopen` means that the ticket is gone.

    A process can die between a call and its record. The engine then asks `find` and `read` how far it got.
    """

    @property
    def search_lag(self) -> float:
        """Seconds after which `find` is sure to see a new ticket; 0 when it does at once."""

    def quote(self, value: str) -> str:
        """`value`, which comes from outside, as text that this tracker shows as it is and acts on in no way.

        For bodies and comments; subjects and fields are plain everywhere.
        """

    async def find(self, key: str) -> Sequence[Ticket]:
        """All tickets that bear this key, oldest first, whether open or not."""

    async def look(self, ticket: str) -> Ticket | None:
        """The ticket of this id as it stands; None when it is gone, or moved to where we cannot see it."""

    async def read(self, ticket: str) -> Sequence[str]:
        """All that is written in it: the body, then the comments, oldest first, as plain text."""

    async def open(self, draft: Draft) -> Ticket:
        """Open a ticket."""

    async def comment(self, ticket: str, text: str) -> None:
        """Write in it."""

    async def close(self, ticket: str, text: str) -> None:
        """Write in it and solve it. An empty text: only solve it, the rest has been done."""

    async def reopen(self, ticket: str, text: str) -> None:
        """Write in it and open it again. An empty text: only open it, the rest has been done."""

    async def preflight(self) -> str:
        """What was found there, in a few words. Changes nothing; raises when something is missing."""
