"""Refresh and deliver as plain coroutines: all that a worker does, without arq."""

from collections.abc import Callable, Coroutine
from dataclasses import asdict, astuple, dataclass
from typing import Any

import structlog

from receiver.dispatch.delivering import Delivering
from receiver.dispatch.refreshing import Refreshing
from receiver.journal import RESUME, Claim, Retention, Store, Worklist

log = structlog.get_logger(__name__)

__all__ = ["Delivering", "Dispatcher", "Refreshing"]


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What a bell may call for. Each is safe to be called early, late, twice or for nothing."""

    refreshing: Refreshing
    delivering: Delivering
    worklist: Worklist
    store: Store
    retention: Retention

    def do(self, claim: Claim, almost_done: Callable[[], None]) -> Coroutine[Any, Any, None]:
        """Do a piece of work that was taken in hand.

        `almost_done` is called when Nectar has answered a fetch, and that is only to be settled.
        """
        match claim.work.partition(":")[0]:
            case "refresh":
                return self.refreshing.work(claim, almost_done)
            case "deliver":
                return self.delivering.work(claim)
            case kind:
                assert kind == RESUME, claim.work
                return self.resume(claim.breaker)

    async def refresh(self, connection: str) -> None:
        """Fetch a connection and make the deliveries that follow from it."""
        await self.refreshing.run(connection)

    async def deliver(self, handler: str, connection: str) -> None:
        """Show a handler the newest state of a connection."""
        await self.delivering.run(handler, connection)

    async def resume(self, breaker: str) -> None:
        """Let go what a breaker holds, if its time has come."""
        await self.worklist.resume(breaker)

    async def sweep(self) -> None:
        """Find work that no job stands behind, breakers whose time has come, and what may be forgotten."""
        await self.worklist.sweep()
        for breaker in await self.worklist.breakers():
            await self.worklist.resume(breaker)
        if (pruned := await self.retention.prune_in_turn()) is not None and any(astuple(pruned)):
            log.info("pruned", **asdict(pruned))
