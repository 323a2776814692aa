"""The deliver job: show a handler the newest state of a connection, and record how that went."""

import asyncio
import logging
from dataclasses import replace

import structlog

from receiver.api import Done, Outcome, Skipped
from receiver.describing import LONGEST_TEXT
from receiver.dispatch import setbacks
from receiver.dispatch.contexts import Contexts
from receiver.dispatch.delivery import Delivery, prepare, subject
from receiver.dispatch.limits import TimeLimits
from receiver.dispatch.shadow import Shadow
from receiver.journal import (
    Claim,
    Deliveries,
    Ended,
    Leases,
    LostClaim,
    Pending,
    Setback,
    Subject,
    Worklist,
    compact,
    deliver,
    kept_memory,
)
from receiver.registry import Registry
from receiver.settings import SHADOW
from receiver.telemetry import Redactor, log_delivery, milliseconds_since

log = structlog.get_logger(__name__)

NOT_ENABLED = Setback("park", "not among HANDLERS: enable it, and what waits for it goes on")


class Delivering:
    """Runs deliver jobs."""

    def __init__(
        self,
        worklist: Worklist,
        deliveries: Deliveries,
        leases: Leases,
        registry: Registry,
        contexts: Contexts,
        shadow: Shadow,
        redactor: Redactor,
    ) -> None:
        self._worklist = worklist
        self._deliveries = deliveries
        self._leases = leases
        self._enabled = dict(registry)
        self._contexts = contexts
        self._shadow = shadow
        self._redactor = redactor
        self._limits = TimeLimits()
        self._tells = log.is_enabled_for(logging.DEBUG)

    async def run(self, handler: str, connection: str) -> None:
        """Deliver to a handler if that is due and in nobody's hand."""
        claim = await self._worklist.begin(deliver(handler, connection), handler)
        if claim is not None:
            await self.work(claim)

    async def work(self, claim: Claim) -> None:
        """Do the delivery that is in this hand."""
        if self._leases.too_late(claim):
            log.warning("lost", work=claim.work, reason="not begun in time")
            return
        _, handler, connection = claim.work.split(":")
        enabled = self._enabled.get(handler)
        if enabled is None:
            await self._set_aside(claim, handler, connection)
            return
        with self._leases.hold(claim, enabled.schedule.timeout):
            pending = await self._deliveries.of(claim)
            # Never unbound: each piece of work is a task, with a context of its own.
            log_delivery(handler, connection, pending.version)
            if pending.refetch:
                await self._deliveries.await_fetch(claim)
                return
            try:
                delivery = prepare(claim, pending, enabled)
            except ValueError as error:
                await self._fail_unread(claim, pending, error)
            else:
                await self._attempt(delivery)

    async def _set_aside(self, claim: Claim, handler: str, connection: str) -> None:
        if handler.endswith(SHADOW):
            # Shadow mode has been ended: what it was still to be shown is of no interest.
            pending = await self._deliveries.of(claim)
            ended = Ended("skipped", "no longer in shadow mode", "", compact(pending.memory))
            await self._deliveries.settle(claim, pending, ended, took=0.0)
            return
        await self._worklist.fail(claim, NOT_ENABLED, Subject(counter=f"delivery:{handler}"))

    async def _fail_unread(self, claim: Claim, pending: Pending, error: ValueError) -> None:
        """What is kept of the connection does not fit this release's schema."""
        setback = setbacks.of_bug(error, claim.attempt, self._redactor.trace(error))
        went = await self._worklist.fail(claim, setback, subject(claim, pending, 0.0))
        log.error("not delivered", outcome=went, detail=setback.reason)

    async def _attempt(self, delivery: Delivery) -> None:
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
            if delivery.enabled.shadow:
                result = await self._shadow.record(delivery, result)
            await self._settle(delivery, result)

    async def _run_handler(self, delivery: Delivery) -> Outcome | Setback:
        attempt, handler = delivery.claim.attempt, delivery.enabled.handler
        seconds = delivery.enabled.schedule.timeout
        try:
            with self._limits.of(seconds) as limit:
                outcome = await handler.run(delivery.change, self._contexts.make(delivery, limit))
            return setbacks.of_outcome(outcome) or outcome
        except (LostClaim, GeneratorExit):
            raise
        except asyncio.CancelledError as error:
            if _is_stopping():
                raise
            # The handler awaited something that was cancelled: its own failure, not our being stopped.
            return setbacks.of_handler(error, attempt, self._redactor.trace(error))
        except BaseException as error:  # noqa: BLE001 - a handler may fail in any way, by sys.exit() too
            if isinstance(error, TimeoutError) and limit.expired:
                return setbacks.of_timeout(seconds, attempt)
            return setbacks.of_handler(error, attempt, self._redactor.trace(error))

    async def _settle(self, delivery: Delivery, result: Outcome | Setback) -> None:
        memory = result if isinstance(result, Setback) else kept_memory(delivery.memory)
        if isinstance(memory, Setback):
            await self._fail(delivery, memory)
            return
        detail = _detail(result)
        ended = Ended(
            word="skipped" if isinstance(result, Skipped) else "done",
            detail=detail and self._redactor.text(detail)[:LONGEST_TEXT],
            status=str(delivery.change.connection.status),
            memory=memory,
        )
        settled = await self._deliveries.settle(delivery.claim, delivery.pending, ended, delivery.took)
        self._log(delivery, ended.word if settled else "lost", ended.detail)

    async def _fail(self, delivery: Delivery, setback: Setback) -> None:
        memory = kept_memory(delivery.memory)
        kept = "" if isinstance(memory, Setback) else memory
        about = replace(subject(delivery.claim, delivery.pending, delivery.took), memory=kept)
        reason = self._redactor.text(setback.reason)[:LONGEST_TEXT]
        went = await self._worklist.fail(delivery.claim, replace(setback, reason=reason), about)
        self._log(delivery, went or "lost", reason)
        if setback.trace and went in ("dead", "reject"):
            log.error("dead letter", work=delivery.claim.work, reason=reason, trace=setback.trace)

    def _log(self, delivery: Delivery, outcome: str, detail: str) -> None:
        expected = outcome in ("done", "skipped", "later", "release")
        if expected and not self._tells:
            return
        log.log(
            logging.DEBUG if expected else logging.WARNING,
            "delivered" if outcome in ("done", "skipped") else "not delivered",
            outcome=outcome,
            status=str(delivery.change.connection.status) or "none",
            attempt=delivery.claim.attempt if delivery.claim.attempt > 1 else None,
            detail=detail,
            took_ms=round(delivery.took * 1000),
            since_accepted_ms=milliseconds_since(delivery.pending.mark),
        )


def _is_stopping() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _detail(result: Outcome | Setback) -> str:
    match result:
        case Done(reference=reference):
            return str(reference or "")
        case Skipped(reason=reason):
            return str(reason)
    return ""
