"""When the system could not work, whatever it did: such time counts as nobody's delay."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Interval = tuple[float, float]
"""From and to, by the monotonic clock, which all processes of a machine share."""

RECOVERY = 3.0
"""Seconds after an outage in which clients may still be waiting to connect again."""


@dataclass
class Timeline:
    """Outages as they happen."""

    ended: list[Interval] = field(default_factory=list)
    _open: list[list[float]] = field(default_factory=list)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """An outage lasts as long as the block."""
        began = [time.monotonic()]
        self._open.append(began)
        try:
            yield
        finally:
            self._open.remove(began)
            self.ended.append((began[0], time.monotonic() + RECOVERY))

    def outages(self) -> list[Interval]:
        """All so far, apart from each other and in order."""
        still = [(began, float("inf")) for [began] in self._open]
        return merged([*self.ended, *still])


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time, as intervals that do not touch each other."""
    found: list[Interval] = []
    for began, ended in sorted(intervals):
        if found and began <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ended))
        else:
            found.append((began, ended))
    return found


def able_seconds(outages: Iterable[Interval], since: float, until: float) -> float:
    """Seconds between two moments in which the system could work. The outages do not touch each other."""
    lost = (min(until, ended) - max(since, began) for began, ended in outages)
    return max(0.0, until - since - sum(each for each in lost if each > 0))
