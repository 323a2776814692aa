"""What a handler is shown."""

from dataclasses import dataclass
from typing import NamedTuple

from receiver.schema import Connection, Status


class Event(NamedTuple):
    """One webhook: the id that Nectar gave the message, and its type."""

    id: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a connection stands, and what is new about it to this handler."""

    connection: Connection
    """As Nectar answered it after the newest of `events` was accepted."""
    previous_status: Status | None
    """As this handler last handled it; None the first time."""
    changed: frozenset[str]
    """Names of `Connection`'s attributes that changed since this handler last succeeded."""
    events: tuple[Event, ...]
    """The webhooks behind it, oldest first; of a long burst the newest."""
    version: int
    """Grows by one with each change of this connection; for one handler it never goes back."""
