"""The `redmine` handler: one open issue in Redmine for each broken connection.

`tracker` speaks with Redmine by way of `api`; what is done when decides handlers/ticketing.
"""

import httpx

from handlers.redmine.options import Options
from handlers.redmine.stand_in import StandIn
from handlers.redmine.tracker import Redmine
from handlers.ticketing import follow
from receiver.api import Change, Context, Outcome, handler

__all__ = ["Options", "redmine"]


@handler("redmine", options=Options, changed={"status"}, timeout=90)
async def redmine(change: Change, ctx: Context[Options]) -> Outcome:
    """Keep one open ticket in Redmine for each connection that somebody must mend."""
    return await follow(change, ctx, Redmine(ctx.options, ctx.http))


@redmine.preflight
async def check(options: Options, http: httpx.AsyncClient) -> str:
    """Whether Redmine takes our key and has all that the options name. Changes nothing there."""
    return await Redmine(options, http).preflight()


redmine.stand_in(StandIn)
