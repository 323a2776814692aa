"""The `rest` handler: one request to any CRM that can be written to by one. See README.md."""

from collections.abc import Callable, Sequence

import httpx

from handlers.crm import (
    CHANGED,
    Answer,
    RefusedError,
    Standing,
    bring_up_to_date,
    one_by_one,
)
from handlers.rest.options import Options
from handlers.rest.template import fields, fill, fill_url
from receiver.api import Change, Context, Outcome, handler

__all__ = ["Options", "rest"]

GONE = (404, 410)


class Rest:
    """Brings records up to date, one request each."""

    most = 20

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._http = http

    async def upsert(self, standings: Sequence[Standing]) -> Sequence[Answer]:
        """An answer for each: no reference, or why it was not written."""
        return await one_by_one(standings, self._upsert)

    async def _upsert(self, standing: Standing) -> None:
        values = fields(standing, self._options.link_for(standing.customer))
        response = await self._http.request(
            self._options.method,
            fill_url(self._options.url, values),
            json=fill(self._options.template, values),
            headers=headers(self._options),
        )
        code = response.status_code
        if code in GONE:
            raise RefusedError(f"the CRM answered {code}: there is no such record, or no such REST_URL")
        if response.is_redirect:
            raise RefusedError(f"the CRM answered {code}, a redirect: set REST_URL to where it leads")
        response.raise_for_status()


def headers(options: Options) -> dict[str, str]:
    """The headers, as they are sent."""
    return {name: value.get_secret_value() for name, value in options.headers.items()}


@handler("rest", options=Options, changed=CHANGED, timeout=60)
async def rest(change: Change, ctx: Context[Options]) -> Outcome:
    """Tell any CRM by one request how a company's connections stand."""
    return await bring_up_to_date(change, ctx, Rest(ctx.options, ctx.http))


@rest.preflight
async def reach_crm(options: Options, http: httpx.AsyncClient) -> str:
    """Whether REST_CHECK_URL answers well."""
    if options.check_url is None:
        return "nothing was asked: set REST_CHECK_URL to have the CRM asked"
    response = await http.get(options.check_url, headers=headers(options))
    response.raise_for_status()
    return f"the CRM answered {response.status_code}"


@rest.stand_in
def pretend(options: Options) -> Callable[[httpx.Request], httpx.Response]:
    """A CRM that takes everything."""
    return lambda request: httpx.Response(200, json={})
