"""Companies' records in Salesforce, each upserted by its external id."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from handlers.crm import Answer, BusyError, MissingError, RefusedError, Standing, one_by_one
from handlers.salesforce.api import Api
from handlers.salesforce.errors import raise_for
from handlers.salesforce.fields import FIGURES, LONGEST, differs, values
from handlers.salesforce.options import Options
from handlers.salesforce.token import Token


class Salesforce:
    """Brings records up to date: one request finds them, one more goes to each that says something else."""

    most = 20

    def __init__(self, options: Options, http: httpx.AsyncClient, token: Token) -> None:
        self._options = options
        self._api = Api(options, http, token)

    async def upsert(self, standings: Sequence[Standing]) -> Sequence[Answer]:
        """An answer for each: the record's id, or why it was not written."""
        there = await self._api.find((each.customer.key for each in standings), list(FIGURES))

        async def write(standing: Standing) -> str | None:
            known = there.get(standing.customer.key.casefold())
            return await (self._make(standing) if known is None else self._change(standing, known))

        return await one_by_one(standings, write)

    async def _change(self, standing: Standing, known: Mapping[str, Any]) -> str:
        """A record that is there keeps its name."""
        fields = values(standing.figures, self._options.link_for(standing.customer))
        if differs(fields, known):
            response = await self._api.upsert(_askable(standing), fields, update_only=True)
            if response.status_code == 404:
                raise BusyError(f"the record with that {self._options.place} has gone meanwhile")
            raise_for(response, self._options.place)
        return str(known["Id"])

    async def _make(self, standing: Standing) -> str | None:
        if not self._options.create:
            raise MissingError(f"no record has that {self._options.place}, and SALESFORCE_CREATE is 0")
        fields = values(standing.figures, self._options.link_for(standing.customer))
        named = {**fields, "Name": standing.customer.name[:LONGEST]}
        response = await self._api.upsert(_askable(standing), named, update_only=False)
        if response.status_code == 404:
            raise PermissionError(f"Salesforce knows no {self._options.place}: see the page of this handler")
        raise_for(response, self._options.place)
        return str(response.json()["id"]) if response.content else None


def _askable(standing: Standing) -> str:
    """The key, unless Salesforce answers 404 to any like it: "for security reasons", say its pages."""
    if standing.customer.key.casefold().endswith(".inc"):
        raise RefusedError(
            "Salesforce answers 404 to a key that ends in .inc: change the company's externalId in Nectar, "
            "or set SALESFORCE_FIND_BY=company-id"
        )
    return standing.customer.key
