"""How a delivery went: a closed vocabulary, whose words are counted, logged and listed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Done:
    """The other system now shows this state. `reference` is what it calls it there: a ticket's id."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """There was nothing to do, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Show me the connection again, freshly fetched, `after` so many seconds. Uses up no attempt."""

    after: float | timedelta
    reason: str = ""

    @property
    def seconds(self) -> float:
        """`after` in seconds, never negative."""
        after = self.after.total_seconds() if isinstance(self.after, timedelta) else self.after
        return max(0.0, after)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The other system will never take this; trying again is of no use. Becomes a dead letter."""

    reason: str


Outcome: TypeAlias = Done | Skipped | RetryLater | Rejected
