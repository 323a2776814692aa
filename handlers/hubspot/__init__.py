"""The `hubspot` handler: a company in HubSpot shows how its connections stand.

`crm` writes, `api` asks, `properties` says what is written, `setup` makes the properties. See README.md.
"""

from collections.abc import Callable

import httpx

from handlers.crm import CHANGED, bring_up_to_date
from handlers.hubspot.crm import HubSpot
from handlers.hubspot.options import Options
from handlers.hubspot.setup import check, make_properties
from handlers.hubspot.stand_in import StandIn
from receiver.api import Change, Context, Outcome, handler

__all__ = ["Options", "hubspot"]


# The smallest plans allow 100 requests in ten seconds, the larger ones 190; HUBSPOT_RATE says otherwise.
# https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
@handler("hubspot", options=Options, changed=(*CHANGED, "workflow_owner_email"), timeout=60, rate=9)
async def hubspot(change: Change, ctx: Context[Options]) -> Outcome:
    """Show on a company in HubSpot how its connections stand."""
    return await bring_up_to_date(change, ctx, HubSpot(ctx.options, ctx.http))


@hubspot.preflight
async def reach_hubspot(options: Options, http: httpx.AsyncClient) -> str:
    """Whether HubSpot takes our token and has the properties."""
    return await check(options, http)


@hubspot.stand_in
def pretend(options: Options) -> Callable[[httpx.Request], httpx.Response]:
    """An account without companies."""
    return StandIn(options)


hubspot.setup(make_properties)
