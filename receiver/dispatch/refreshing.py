"""The refresh job: fetch the connection, compare it with the last snapshot, and see who is concerned."""

import asyncio
import time
from collections.abc import Callable

import structlog

from receiver.diff import changed_fields
from receiver.dispatch import setbacks
from receiver.dispatch.snapshots import read_snapshot, write_snapshot
from receiver.journal import (
    NECTAR,
    Claim,
    Fetched,
    Fetches,
    Known,
    Leases,
    Setback,
    Subject,
    Worklist,
    refresh,
)
from receiver.nectar import WHOLE_ANSWER, Nectar, NectarError
from receiver.registry import Registry
from receiver.schema import Connection
from receiver.telemetry import Redactor, milliseconds_since

LONGEST = 15 * WHOLE_ANSWER
"""Seconds for one fetch, with its time in line behind others: only so many are made at a time."""

log = structlog.get_logger(__name__)


class Refreshing:
    """Runs refresh jobs."""

    def __init__(
        self,
        worklist: Worklist,
        fetches: Fetches,
        leases: Leases,
        nectar: Nectar,
        registry: Registry,
        redactor: Redactor,
    ) -> None:
        self._worklist = worklist
        self._fetches = fetches
        self._leases = leases
        self._nectar = nectar
        self._registry = registry
        self._redactor = redactor

    async def run(self, connection: str) -> None:
        """Fetch a connection if that is due and in nobody's hand."""
        claim = await self._worklist.begin(refresh(connection), NECTAR)
        if claim is not None:
            await self.work(claim)

    async def work(self, claim: Claim, almost_done: Callable[[], None] = lambda: None) -> None:
        """Do the fetch that is in this hand. `almost_done` is called when Nectar has answered."""
        if self._leases.too_late(claim):
            log.warning("lost", work=claim.work, reason="not begun in time")
            return
        connection = claim.work.partition(":")[2]
        with self._leases.hold(claim, LONGEST):
            known = await self._fetches.of(claim)
            began = time.monotonic()
            try:
                await self._fetch(claim, connection, known, began, almost_done)
            except asyncio.CancelledError:
                await self._fail(claim, known, setbacks.RELEASED, began)
                raise
            except NectarError as error:
                await self._fail(claim, known, setbacks.of_fetch(error, claim.attempt), began)
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                trace = self._redactor.trace(error)
                await self._fail(claim, known, setbacks.of_bug(error, claim.attempt, trace), began)

    async def _fetch(
        self, claim: Claim, connection: str, known: Known, began: float, almost_done: Callable[[], None]
    ) -> None:
        if claim.deaths >= setbacks.MOST_DEATHS:
            await self._fail(claim, known, setbacks.DIED, began)
            return
        found = await self._nectar.details(connection)
        before = read_snapshot(known.snapshot) if known.snapshot else None
        changed = changed_fields(before, found)
        concerned = self._registry.concerned(changed) if changed else []
        took = time.monotonic() - began
        # The next fetch is taken in the same trip to Redis that settles this one.
        almost_done()
        version = await self._fetches.settle(
            claim,
            connection,
            known,
            Fetched(
                status=str(found.status),
                snapshot=write_snapshot(found) if changed else "",
                changed=changed,
                handlers=concerned,
                took=took,
                companies=_companies(before, found),
            ),
        )
        if version is None:
            log.warning("lost", work=claim.work, reason="another took the fetch over meanwhile")
            return
        log.debug(
            "fetched",
            connection=connection,
            status=str(found.status) or "none",
            version=version or None,
            changed="nothing" if not changed else sorted(changed) if before else "everything",
            handlers=concerned,
            took_ms=round(took * 1000),
            since_accepted_ms=milliseconds_since(known.mark),
        )

    async def _fail(self, claim: Claim, known: Known, setback: Setback, began: float) -> None:
        subject = Subject(since=known.covered, upto=known.mark, took=time.monotonic() - began)
        went = await self._worklist.fail(claim, setback, subject)
        log.warning("not fetched", work=claim.work, went=went, attempt=claim.attempt, reason=setback.reason)


def _companies(before: Connection | None, found: Connection) -> list[str]:
    owners = (connection.company for connection in (before, found) if connection is not None)
    return list(dict.fromkeys(str(owner.id) for owner in owners if owner is not None and owner.id))
