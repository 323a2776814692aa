"""The `zendesk` handler: one open ticket in Zendesk for each broken connection.

`tracker` speaks with Zendesk by way of `api`; what is done when decides handlers/ticketing. See README.md.
"""

import httpx

from handlers.ticketing import follow
from handlers.zendesk.options import Options
from handlers.zendesk.stand_in import StandIn
from handlers.zendesk.tracker import Zendesk
from receiver.api import Change, Context, Outcome, handler

__all__ = ["Options", "zendesk"]


# 100 updates of tickets a minute, and as few as 200 requests, on the smallest plans.
# https://developer.zendesk.com/api-reference/introduction/rate-limits/
@handler("zendesk", options=Options, changed={"status"}, timeout=90, rate=1.5)
async def zendesk(change: Change, ctx: Context[Options]) -> Outcome:
    """Keep one open ticket in Zendesk for each connection that somebody must mend."""
    return await follow(change, ctx, Zendesk(ctx.options, ctx.http))


@zendesk.preflight
async def check(options: Options, http: httpx.AsyncClient) -> str:
    """Whether Zendesk takes our token and has all that the options name. Changes nothing there."""
    return await Zendesk(options, http).preflight()


zendesk.stand_in(StandIn)
