"""Fetches: what is known of a connection before one, and what it brings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from receiver.journal.store import Store, compact
from receiver.journal.worklist import Briefing, Claim

FETCH_INTERVAL = 1.0
"""Seconds: what comes sooner after a fetch of the same connection waits for the burst to end, so that a burst
costs two fetches however long it is."""


@dataclass(frozen=True, slots=True)
class Known:
    """A connection as the journal knows it."""

    mark: str
    """The newest event there is: a fetch that begins after this was read covers it and all before."""
    covered: str
    snapshot: str
    """The connection as last fetched, as JSON without its secret; empty before the first fetch."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought."""

    status: str
    snapshot: str
    """Empty when nothing changed."""
    changed: Iterable[str]
    handlers: Sequence[str]
    """Those whom the change concerns."""
    companies: Sequence[str] = field(default=(), kw_only=True)
    """Ids of those whose connections have changed: its own, and the one that it was of before."""
    took: float


class Fetches:
    """The journal as the refresh job sees it."""

    def __init__(self, store: Store, fetch_interval: float = FETCH_INTERVAL) -> None:
        self._store = store
        self._interval = int(fetch_interval * 1000)

    async def of(self, claim: Claim) -> Known:
        """What is known of the connection by the one who has it in hand and has not begun to fetch it."""
        if claim.briefing is not None:
            return _known(claim.briefing)
        return await self.known(claim.work.partition(":")[2])

    async def known(self, connection: str) -> Known:
        """What is known of a connection. To be read before its fetch begins."""
        return _known(await self._store.run("known", connection))

    async def settle(self, claim: Claim, connection: str, known: Known, fetched: Fetched) -> int | None:
        """Record a fetch: the new version, 0 when nothing changed, None when no longer in hand."""
        answer = await self._store.run(
            "fetched",
            *(connection, claim.token, known.mark, fetched.status, fetched.snapshot),
            *(compact(sorted(fetched.changed)), int(fetched.took * 1000), self._interval),
            *(" ".join(fetched.companies), *fetched.handlers),
        )
        return None if answer is None else int(answer)


def _known(fields: Briefing) -> Known:
    wanted, covered, snapshot = (field or "" for field in fields)
    return Known(wanted, covered, snapshot)
