"""The deliver job: show a handler the newest state of a connection, and record how that went."""

import asyncio
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import httpx
import structlog
from pydantic import JsonValue

from receiver.api import Change, Connection, Context, Done, Outcome, Rejected, RetryLater, Skipped, Status
from receiver.api import Event as WebhookEvent
from receiver.diff import changed_fields
from receiver.dispatch import setbacks
from receiver.dispatch.links import Links
from receiver.journal import (
    Claim,
    Deliveries,
    Ended,
    Leases,
    LostClaim,
    Pending,
    RecordedSteps,
    Setback,
    Store,
    Subject,
    Worklist,
    check_memory,
    compact,
    deliver,
)
from receiver.policy import LONGEST_TEXT
from receiver.registry import Enabled, Registry
from receiver.telemetry import Redactor, milliseconds_since

log = structlog.get_logger(__name__)

SOONEST_LATER, LONGEST_LATER = 1.0, 365 * 24 * 3600.0
"""Seconds. Each time costs a fetch: a handler that asks for none in between must not keep Nectar busy."""

NOT_ENABLED = Setback("park", "not among HANDLERS: enable it, and what waits for it goes on")


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One attempt."""

    claim: Claim
    pending: Pending
    enabled: Enabled
    change: Change
    memory: dict[str, JsonValue]
    began: float


class Delivering:
    """Runs deliver jobs."""

    def __init__(
        self,
        store: Store,
        worklist: Worklist,
        leases: Leases,
        registry: Registry,
        links: Links,
        http: httpx.AsyncClient,
        redactor: Redactor,
    ) -> None:
        self._store = store
        self._worklist = worklist
        self._deliveries = Deliveries(store)
        self._leases = leases
        self._registry = registry
        self._links = links
        self._http = http
        self._redactor = redactor

    async def run(self, handler: str, connection: str) -> None:
        """Deliver to a handler if that is due and in nobody's hand."""
        claim = await self._worklist.begin(deliver(handler, connection), handler)
        if claim is None:
            return
        enabled = self._registry.get(handler)
        if enabled is None:
            await self._worklist.fail(claim, NOT_ENABLED, Subject(counter=f"delivery:{handler}"))
            return
        with (
            self._leases.hold(claim, enabled.handler.timeout),
            structlog.contextvars.bound_contextvars(handler=handler, connection=connection),
        ):
            pending = await self._deliveries.pending(handler, connection)
            if pending.refetch:
                await self._deliveries.await_fetch(claim)
                return
            try:
                delivery = _prepare(claim, pending, enabled)
            except ValueError as error:
                await self._fail_unread(claim, pending, error)
            else:
                await self._attempt(delivery)

    async def _fail_unread(self, claim: Claim, pending: Pending, error: ValueError) -> None:
        """What is kept of the connection does not fit this release's schema."""
        setback = setbacks.of_bug(error, claim.attempt, self._redactor.trace(error))
        went = await self._worklist.fail(claim, setback, _subject(claim, pending, 0.0))
        log.error("not delivered", outcome=went, detail=setback.reason)

    async def _attempt(self, delivery: _Delivery) -> None:
        if delivery.claim.deaths >= setbacks.MOST_DEATHS:
            await self._fail(delivery, setbacks.DIED)
            return
        try:
            result = await self._run_handler(delivery)
        except LostClaim as error:
            log.warning("lost", work=delivery.claim.work, reason=str(error))
        except asyncio.CancelledError:
            await self._fail(delivery, setbacks.RELEASED)
            raise
        else:
            await self._settle(delivery, result)

    async def _run_handler(self, delivery: _Delivery) -> Outcome | Setback:
        attempt, handler = delivery.claim.attempt, delivery.enabled.handler
        try:
            async with asyncio.timeout(handler.timeout) as limit:
                outcome = await handler(delivery.change, self._context(delivery))
            return _setback_of(outcome) or outcome
        except (LostClaim, GeneratorExit):
            raise
        except asyncio.CancelledError as error:
            if _is_stopping():
                raise
            # The handler awaited something that was cancelled: its own failure, not our being stopped.
            return setbacks.of_handler(error, attempt, self._redactor.trace(error))
        except BaseException as error:  # noqa: BLE001 - a handler may fail in any way, by sys.exit() too
            if isinstance(error, TimeoutError) and limit.expired():
                return setbacks.of_timeout(handler.timeout, attempt)
            return setbacks.of_handler(error, attempt, self._redactor.trace(error))

    async def _settle(self, delivery: _Delivery, result: Outcome | Setback) -> None:
        setback = result if isinstance(result, Setback) else check_memory(delivery.memory)
        if setback is not None:
            await self._fail(delivery, setback)
            return
        ended = Ended(
            word="skipped" if isinstance(result, Skipped) else "done",
            detail=self._redactor.text(_detail(result))[:LONGEST_TEXT],
            status=str(delivery.change.connection.status),
            memory=delivery.memory,
        )
        took = time.monotonic() - delivery.began
        settled = await self._deliveries.settle(delivery.claim, delivery.pending, ended, took)
        self._log(delivery, ended.word if settled else "lost", ended.detail)

    async def _fail(self, delivery: _Delivery, setback: Setback) -> None:
        took = time.monotonic() - delivery.began
        memory = "" if check_memory(delivery.memory) else compact(delivery.memory)
        subject = replace(_subject(delivery.claim, delivery.pending, took), memory=memory)
        reason = self._redactor.text(setback.reason)[:LONGEST_TEXT]
        went = await self._worklist.fail(delivery.claim, replace(setback, reason=reason), subject)
        self._log(delivery, went or "lost", reason)
        if setback.trace and went in ("dead", "reject"):
            log.error("dead letter", work=delivery.claim.work, reason=reason, trace=setback.trace)

    def _log(self, delivery: _Delivery, outcome: str, detail: str) -> None:
        level = log.info if outcome in ("done", "skipped", "later", "release") else log.warning
        level(
            "delivered" if outcome in ("done", "skipped") else "not delivered",
            outcome=outcome,
            status=str(delivery.change.connection.status) or "none",
            version=delivery.pending.version,
            attempt=delivery.claim.attempt if delivery.claim.attempt > 1 else None,
            detail=detail,
            took_ms=round((time.monotonic() - delivery.began) * 1000),
            since_accepted_ms=milliseconds_since(delivery.pending.mark),
        )

    def _context(self, delivery: _Delivery) -> Context[Any]:
        claim, name = delivery.claim, delivery.enabled.handler.name
        steps = RecordedSteps(self._store, claim, delivery.pending)
        connection = delivery.change.connection
        return Context(
            options=delivery.enabled.options,
            http=self._http,
            log=structlog.get_logger(f"handlers.{name}").bind(version=delivery.pending.version),
            attempt=claim.attempt,
            idempotency_key=_idempotency_key(claim, delivery.pending),
            memory=delivery.memory,
            steps=steps,
            make_link=lambda: self._links.make(connection, steps),
        )


def _prepare(claim: Claim, pending: Pending, enabled: Enabled) -> _Delivery:
    connection = Connection.model_validate_json(pending.snapshot)
    known = pending.handled_status
    change = Change(
        connection=connection,
        previous_status=None if known is None else Status(known),
        changed=changed_fields(None, connection) if pending.changed is None else pending.changed,
        events=tuple(WebhookEvent(*event) for event in pending.events),
        version=pending.version,
    )
    return _Delivery(claim, pending, enabled, change, pending.memory, time.monotonic())


def _subject(claim: Claim, pending: Pending, took: float) -> Subject:
    return Subject(
        version=pending.version,
        since=pending.handled_mark,
        upto=pending.mark,
        took=took,
        counter=f"delivery:{claim.breaker}",
    )


def _idempotency_key(claim: Claim, pending: Pending) -> str:
    """The same for each attempt at a version; another after the journal was lost and versions began anew."""
    return sha256(f"{claim.work}:{pending.version}:{pending.fetched}".encode()).hexdigest()[:40]


def _is_stopping() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _setback_of(outcome: Outcome) -> Setback | None:
    match outcome:
        case Done() | Skipped():
            return None
        case RetryLater(reason=reason):
            seconds = min(max(outcome.seconds, SOONEST_LATER), LONGEST_LATER)
            return Setback("later", str(reason or "asked to be shown it again later"), seconds)
        case Rejected(reason=reason):
            return Setback("reject", str(reason))
    kind = type(outcome).__name__
    return Setback("reject", f"returned {kind}: a handler returns Done, Skipped, RetryLater or Rejected")


def _detail(result: Outcome | Setback) -> str:
    match result:
        case Done(reference=reference):
            return str(reference or "")
        case Skipped(reason=reason):
            return str(reason)
    return ""
