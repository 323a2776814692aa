"""The `jira` handler: one open issue in Jira Cloud for each broken connection.

`tracker` speaks with Jira by way of `api`, in documents that `adf` makes; what is done when decides
handlers/ticketing. See README.md.
"""

import httpx

from handlers.jira.options import Options
from handlers.jira.stand_in import StandIn
from handlers.jira.tracker import Jira
from handlers.ticketing import follow
from receiver.api import Change, Context, Outcome, handler

__all__ = ["Options", "jira"]


@handler("jira", options=Options, changed={"status"}, timeout=90)
async def jira(change: Change, ctx: Context[Options]) -> Outcome:
    """Keep one open issue in Jira for each connection that somebody must mend."""
    return await follow(change, ctx, Jira(ctx.options, ctx.http))


@jira.preflight
async def check(options: Options, http: httpx.AsyncClient) -> str:
    """Whether Jira takes our token and has all that the options name. Changes nothing there."""
    return await Jira(options, http).preflight()


jira.stand_in(StandIn)
