"""The `forward` handler: posts each change as a signed CloudEvent to URLs of your own.

`event` makes the event, `encoding` the message, `resolving` finds where it may go, `posting` sends it.
"""

from collections.abc import Callable

import httpx

from handlers.forward.delivering import deliver
from handlers.forward.options import Options
from handlers.forward.resolving import look_up
from handlers.forward.survey import survey
from receiver.api import Change, Context, Outcome, handler

__all__ = ["Options", "forward"]


@handler("forward", options=Options, timeout=30)
async def forward(change: Change, ctx: Context[Options]) -> Outcome:
    """Post each change as a signed CloudEvent to one or several URLs."""
    return await deliver(change, ctx, look_up)


@forward.preflight
async def find_targets(options: Options, http: httpx.AsyncClient) -> str:
    """Where each URL leads, and whether that is allowed. Posts nothing."""
    return await survey(options, look_up)


@forward.stand_in
def stand_in(options: Options) -> Callable[[httpx.Request], httpx.Response]:
    """A receiver that accepts whatever it is posted."""
    return lambda request: httpx.Response(202, request=request)
