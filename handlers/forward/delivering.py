"""One event to all targets: each is a step of its own, and a failing one holds up no other."""

import asyncio
import time
from collections.abc import Sequence

from handlers.forward.encoding import Message, encode, sign
from handlers.forward.event import make_event
from handlers.forward.failures import OF_TARGET, decisive
from handlers.forward.options import Options
from handlers.forward.posting import post
from handlers.forward.resolving import LookUp, public_addresses
from handlers.forward.target import Target
from receiver.api import Change, Context, Done

PATIENCE = 20.0
"""Seconds for one target, from looking up its name to its answer."""


async def deliver(change: Change, ctx: Context[Options], look_up: LookUp) -> Done:
    """Post the change to each target that has not taken it yet. Raises the failure that decides."""
    options = ctx.options
    event = make_event(
        change, id=ctx.idempotency_key, source=options.source, include_personal=options.include_personal
    )
    message = encode(event, options.mode)

    async def to(target: Target) -> int:
        # The id is of this version: what a target took of an older one is not this.
        step = f"{event.id}/{target.digest}"
        return await ctx.once(step, lambda: _reach(target, message, event.id, ctx, look_up))

    results = await asyncio.gather(*map(to, options.targets), return_exceptions=True)
    _judge(results, ctx)
    return Done(event.id)


async def _reach(
    target: Target, message: Message, event_id: str, ctx: Context[Options], look_up: LookUp
) -> int:
    unchecked = ctx.options.allow_private or ctx.rehearsal is not None
    try:
        async with asyncio.timeout(PATIENCE):
            addresses = () if unchecked else await public_addresses(target, look_up)
            signed = sign(message, ctx.options.keys, event_id, int(time.time()))
            return await post(ctx.http, target, signed, addresses)
    except TimeoutError:
        raise TimeoutError(f"{target} did not answer within {PATIENCE:g} s") from None


def _judge(results: Sequence[int | BaseException], ctx: Context[Options]) -> None:
    failures = [result for result in results if isinstance(result, BaseException)]
    if not failures:
        return
    told = decisive(failures)
    for failure in failures:
        # All but the one that the router records itself.
        if failure is not told and isinstance(failure, OF_TARGET):
            ctx.log.warning("not forwarded", reason=str(failure))
    raise told
