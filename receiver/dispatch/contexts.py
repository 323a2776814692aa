"""What a handler is given beside the change: in earnest, and in shadow mode."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import httpx
import structlog
from structlog.typing import FilteringBoundLogger

from receiver.api import Context
from receiver.dispatch.companies import Companies
from receiver.dispatch.delivery import Delivery
from receiver.dispatch.limits import TimeLimit
from receiver.dispatch.links import Links
from receiver.journal import Leases, Pace, RecordedSteps, Store
from receiver.rehearsal import Effect, Rehearsing, stand_in_of

Turn = Callable[[], Awaitable[None]]

_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)

SHADOW_LINK = "https://dash.nectarclimate.com/p/i/made-up-in-shadow-mode"
"""To make a real one would be an effect at Nectar."""


async def wait_for_turn(request: httpx.Request) -> None:
    """A hook of the handlers' HTTP client: whose handler has a rate waits until it may send."""
    if (turn := _turn.get()) is not None:
        await turn()


class Contexts:
    """Makes contexts."""

    def __init__(
        self, store: Store, leases: Leases, links: Links, companies: Companies, http: httpx.AsyncClient
    ) -> None:
        self._store = store
        self._leases = leases
        self._links = links
        self._companies = companies
        self._http = http
        self._logs: dict[str, FilteringBoundLogger] = {}

    def make(self, delivery: Delivery, limit: TimeLimit) -> Context[Any]:
        """The context of one attempt, in whose task this is called. `limit`: of its time."""
        steps = RecordedSteps(self._store, delivery.claim, delivery.pending)
        rehearsal = _rehearsal(delivery)
        turn = self._turn(delivery, limit) if rehearsal is None else None
        if turn is not None:
            _turn.set(turn)
        return Context(
            options=delivery.enabled.options,
            http=self._http if rehearsal is None else rehearsal.client(),
            log=self._log(delivery.enabled.handler.name),
            attempt=delivery.claim.attempt,
            idempotency_key=delivery.idempotency_key,
            memory=delivery.memory,
            steps=steps,
            make_link=_shadow_link
            if rehearsal
            else lambda: self._links.make(delivery.change.connection, steps),
            rehearsal=rehearsal,
            turn=turn,
            list_company=self._companies.connections_of,
        )

    def _log(self, handler: str) -> FilteringBoundLogger:
        """Its own; what it carries is the task's."""
        if handler not in self._logs:
            self._logs[handler] = structlog.get_logger(f"handlers.{handler}")
        return self._logs[handler]

    def _turn(self, delivery: Delivery, limit: TimeLimit) -> Turn | None:
        """Waits for the handler's next turn; the time that this takes is not the handler's."""
        rate = delivery.enabled.schedule.rate
        if rate is None:
            return None
        pace = Pace(self._store, delivery.enabled.handler.name, rate)

        async def turn() -> None:
            wait = await pace.take()
            self._leases.extend(delivery.claim, wait)
            limit.extend(wait)
            await asyncio.sleep(wait)

        return turn


def _rehearsal(delivery: Delivery) -> Rehearsing | None:
    if not delivery.enabled.shadow:
        return None

    async def keep(effect: Effect) -> None:
        delivery.effects.append(effect)

    return Rehearsing(keep, stand_in_of(delivery.enabled.handler, delivery.enabled.options))


async def _shadow_link() -> str | None:
    return SHADOW_LINK
