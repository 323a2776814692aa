"""What is asked for when the journal is listed, and the pages that answer it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

RowT = TypeVar("RowT")

LARGEST_BATCH = 100
"""Connections that are read at a time."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a row must be; empty: anything."""

    connection: str = ""
    company: str = ""
    """Its id, its external id, or its name in any case."""
    status: str = ""
    handler: str = ""
    state: str = ""
    type: str = ""
    """Of an event."""
    since: int | None = None
    """ms since the epoch, as all times of the journal."""
    until: int | None = None

    def covers(self, moment: int) -> bool:
        """Whether the time asked for has this moment in it, ms."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment <= self.until)


ANY = Criteria()


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Some rows, and where the next ones begin."""

    rows: Sequence[RowT]
    next: str | None
    """What to ask for the next page after; None: there is none."""


def page_of(found: Sequence[RowT], limit: int, cursor: Callable[[RowT], str]) -> Page[RowT]:
    """The first `limit` of what was found; of one more only is told that it is there."""
    shown = found[:limit]
    return Page(shown, cursor(shown[-1]) if len(found) > limit else None)


def batches(rows: Sequence[RowT], size: int) -> Iterator[Sequence[RowT]]:
    """The rows, at most so many at a time, and never very many."""
    step = min(size, LARGEST_BATCH)
    return (rows[place : place + step] for place in range(0, len(rows), step))
