"""Counts of what never reaches the journal, gathered here and added to its counts once a second."""

import asyncio
from collections import Counter

from receiver.journal import Observatory

FLUSH = 1.0
"""Seconds between two writes: a flood of refused requests costs Redis one write a second."""


class Counting:
    """Counters of this process on their way into the journal."""

    def __init__(self, observatory: Observatory) -> None:
        self._observatory = observatory
        self._counts: Counter[str] = Counter()

    def add(self, name: str, number: int = 1) -> None:
        """Count."""
        self._counts[name] += number

    async def flush(self) -> None:
        """Write what was counted; while Redis is away, and when this is cancelled, it is kept."""
        counts, self._counts = self._counts, Counter()
        written = False
        try:
            written = not counts or await self._observatory.count(counts)
        finally:
            if not written:
                self._counts += counts

    async def flush_forever(self) -> None:
        """Write once a second, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH)
            await self.flush()
