"""The `github` handler: one open issue on GitHub for each broken connection.

`tracker` speaks with GitHub by way of `api`, whose limits `limits` reads; what is done when decides
handlers/ticketing. See README.md.
"""

import httpx

from handlers.github.options import Options
from handlers.github.stand_in import StandIn
from handlers.github.tracker import GitHub
from handlers.ticketing import follow
from receiver.api import Change, Context, Outcome, handler

__all__ = ["Options", "github"]


# GitHub allows about 80 requests a minute that make something, and asks for a second between them.
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
@handler("github", options=Options, changed={"status"}, timeout=90, rate=1)
async def github(change: Change, ctx: Context[Options]) -> Outcome:
    """Keep one open issue on GitHub for each connection that somebody must mend."""
    return await follow(change, ctx, GitHub(ctx.options, ctx.http))


@github.preflight
async def check(options: Options, http: httpx.AsyncClient) -> str:
    """Whether GitHub takes our token and lets it do what is needed. Changes nothing there."""
    return await GitHub(options, http).preflight()


github.stand_in(StandIn)
