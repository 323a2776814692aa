"""What is behind `ctx.company_connections()`: all connections of a company, as Nectar lists them."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakValueDictionary

from receiver.dispatch.snapshots import read_snapshot
from receiver.journal import Store
from receiver.journal.store import key
from receiver.nectar import Nectar
from receiver.schema import Connection

LONGEST_KEPT = 60.0
"""Seconds. Connections that are added or taken away bring no change of any other."""
MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class _Listing:
    connections: Sequence[Connection]
    changes: str | None
    """How many changes the company's connections had had before it was asked for."""
    at: float


class Companies:
    """Lists companies, each at most once for all deliveries that follow from the same changes."""

    def __init__(self, store: Store, nectar: Nectar) -> None:
        self._store = store
        self._nectar = nectar
        self._kept: OrderedDict[UUID, _Listing] = OrderedDict()
        self._asking: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def connections_of(self, company: UUID, /) -> Sequence[Connection]:
        """All its connections, never older than what any handler was shown before. Raises NectarError."""
        async with self._asking.setdefault(company, asyncio.Lock()):
            return (await self._fresh(company)).connections

    async def _fresh(self, company: UUID) -> _Listing:
        # Read before Nectar is asked: what changes meanwhile makes the listing old.
        [changes] = await self._store.fields(key("companies"), str(company))
        kept = self._kept.get(company)
        if kept is not None and kept.changes == changes and time.monotonic() - kept.at < LONGEST_KEPT:
            return kept
        asked = time.monotonic()
        listing = _Listing(await self._ask(company), changes, asked)
        self._kept[company] = listing
        self._kept.move_to_end(company)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return listing

    async def _ask(self, company: UUID) -> list[Connection]:
        listed = await self._nectar.company(str(company))
        async with self._store.redis.pipeline(transaction=False) as pipe:
            for each in listed:
                pipe.hget(key("connection", str(each.id)), "snapshot")
            snapshots = await pipe.execute()
        return [_newer(each, snapshot) for each, snapshot in zip(listed, snapshots, strict=True)]


def _newer(listed: Connection, snapshot: str | None) -> Connection:
    """The connection as it was last fetched where the listing lags behind that; never with its secret."""
    if snapshot:
        fetched = read_snapshot(snapshot)
        if fetched.updated and listed.updated and fetched.updated > listed.updated:
            return fetched
    return listed.model_copy(update={"connection_magic_link_secret": None})
