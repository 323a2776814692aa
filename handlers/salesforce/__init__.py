"""The `salesforce` handler: an account in Salesforce shows how its connections stand.

`crm` writes, `api` asks, `token` signs in, `fields` says what is written. See README.md.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx

from handlers.crm import CHANGED, bring_up_to_date
from handlers.salesforce.api import Api
from handlers.salesforce.crm import Salesforce
from handlers.salesforce.fields import FIGURES
from handlers.salesforce.options import Options
from handlers.salesforce.stand_in import StandIn
from handlers.salesforce.token import Token
from receiver.api import Change, Context, Outcome, handler

__all__ = ["Options", "salesforce"]


@handler("salesforce", options=Options, changed=CHANGED, timeout=60)
async def salesforce(change: Change, ctx: Context[Options]) -> Outcome:
    """Show on an account in Salesforce how its connections stand."""
    token = ctx.options.token if ctx.rehearsal is None else Token()
    return await bring_up_to_date(change, ctx, Salesforce(ctx.options, ctx.http, token))


@salesforce.preflight
async def reach_salesforce(options: Options, http: httpx.AsyncClient) -> str:
    """Whether Salesforce lets us sign in and has the fields. Raises LookupError that names the missing."""
    fields = await Api(options, http, Token()).describe()
    if wrong := [*_problems(options, fields)]:
        raise LookupError(f"{'; '.join(wrong)}. The page of this handler says how to make them")
    return f"signed in; the fields of {options.object} are there"


@salesforce.stand_in
def pretend(options: Options) -> Callable[[httpx.Request], httpx.Response]:
    """An org without records."""
    return StandIn(options)


def _problems(options: Options, fields: dict[str, Any]) -> Iterator[str]:
    key = fields.get(options.key_field, {})
    if not (key.get("externalId") and key.get("unique")):
        yield f"{options.object}.{options.key_field} must be there, with External ID and Unique ticked"
    for name, kind in FIGURES.items():
        found = fields.get(name)
        if found is None or not found.get("updateable"):
            yield f"{options.object}.{name} is missing, or our user may not write it"
        elif found.get("type") != kind:
            yield f"{options.object}.{name} is a {found.get('type')} and must be a {kind}"
