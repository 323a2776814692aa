"""The pace of a handler's requests, kept over all workers together."""

from math import ceil

from receiver.journal.deliveries import journal_needed
from receiver.journal.store import Store


class Pace:
    """Turns at `rate` a second."""

    def __init__(self, store: Store, handler: str, rate: float) -> None:
        self._store = store
        self._handler = handler
        # Rounded up: rather a little slower than asked for than faster.
        self._spacing = ceil(1000 / rate)

    async def take(self) -> float:
        """Take the next turn; seconds until it comes. Raises LostClaim when the journal is away."""
        with journal_needed():
            return int(await self._store.run("turn", self._handler, self._spacing)) / 1000
