"""The handlers under test: one that does its work, and one that gets into trouble on order."""

import asyncio
import os
import signal
import time

from pydantic import BaseModel

from receiver.api import Change, Context, Done, Outcome, Rejected, RetryLater, Skipped, handler
from tests.chaos.plugin.ledger import Delivery, delivery
from tests.chaos.plugin.orders import Orders, Trouble

BLOCKED = 10.0
"""Seconds: longer than a lease lasts when nobody renews it, shorter than the handler's own limit for that."""
TROUBLED_TIMEOUT = 6.0


class Options(BaseModel):
    """Where the handlers write, and where they are told what to do."""

    ledger: str
    orders: str


@handler("effects", options=Options, timeout=30)
async def effects(change: Change, ctx: Context[Options]) -> Outcome:
    """Has two effects for each version, each in a step of its own."""
    async with delivery(ctx.options.ledger, "effects", change, ctx) as made:
        dawdle = Orders.read(ctx.options.orders).dawdle
        for name, pause in (("open", dawdle), ("notify", 0)):
            step = f"{name} {change.version}"
            await ctx.once(step, made.effect(step))
            made.write("recorded", step=step)
            await asyncio.sleep(pause)
    return Done(f"version {change.version}")


@handler("troubled", options=Options, timeout=TROUBLED_TIMEOUT)
async def troubled(change: Change, ctx: Context[Options]) -> Outcome:
    """Does what its orders say."""
    async with delivery(ctx.options.ledger, "troubled", change, ctx) as made:
        orders = Orders.read(ctx.options.orders)
        connection = str(change.connection.id)
        if connection in orders.rejected:
            return Rejected("ordered to refuse this connection for good")
        if connection in orders.connections:
            return await _suffer(orders.trouble, made)
    return Skipped("no trouble was ordered")


async def _suffer(trouble: Trouble, made: Delivery) -> Outcome:
    match trouble:
        case Trouble.RAISES:
            raise RuntimeError("ordered to raise")
        case Trouble.REFUSED:
            raise PermissionError("ordered to be refused by the target")
        case Trouble.HANGS:
            await asyncio.Event().wait()
        case Trouble.BLOCKS:
            time.sleep(BLOCKED)  # noqa: ASYNC251 - what a plugin with a synchronous client does
        case Trouble.DIES:
            made.write("dies")
            os.kill(os.getpid(), signal.SIGKILL)
        case Trouble.LATER:
            return RetryLater(1.0, "ordered to ask for later")
    return Done()
