"""HubSpot's API, as far as it is asked here: reading, upserting, properties.

https://developers.hubspot.com/docs/api-reference/2026-03/crm/objects/companies/batch/upsert-companies
https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import httpx
from pydantic import JsonValue

from handlers.hubspot.errors import check
from handlers.hubspot.options import Options
from handlers.hubspot.properties import Kind

Write: TypeAlias = tuple[str, Mapping[str, str]]
"""A record's key, and what is to be written there."""

MOST = 100
"""Records in one batch."""


class Api:
    """The calls. Each raises httpx's errors, PermissionError, BusyError and RefusedError."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._http = http

    async def read(self, kind: Kind, id_property: str, keys: Iterable[str], names: Sequence[str]) -> Any:
        """`POST .../batch/read`: the records of these keys that there are, with properties of these names."""
        body: dict[str, JsonValue] = {"inputs": [{"id": key} for key in keys], "idProperty": id_property}
        body |= {"properties": [id_property, *names], "propertiesWithHistory": []}
        return await self._ask("POST", "objects", f"{kind}/batch/read", body)

    async def upsert(self, kind: Kind, id_property: str, records: Sequence[Write]) -> Any:
        """`POST .../batch/upsert`: make or change records, each found by its key.

        Each bears the number of its place, which asks for an answer item by item and tells the items apart.
        """
        inputs: list[JsonValue] = [
            {"id": key, "idProperty": id_property, "properties": {**what}, "objectWriteTraceId": str(place)}
            for place, (key, what) in enumerate(records)
        ]
        return await self._ask("POST", "objects", f"{kind}/batch/upsert", {"inputs": inputs})

    async def properties(self, kind: Kind) -> dict[str, Any]:
        """The properties that records of this kind have, by name."""
        found = await self._ask("GET", "properties", kind)
        return {each["name"]: each for each in found["results"]}

    async def groups(self, kind: Kind) -> set[str]:
        """The names of the groups of properties."""
        found = await self._ask("GET", "properties", f"{kind}/groups")
        return {each["name"] for each in found["results"]}

    async def make_group(self, kind: Kind, name: str, label: str) -> None:
        """Make a group of properties."""
        await self._ask("POST", "properties", f"{kind}/groups", {"name": name, "label": label})

    async def make_property(self, kind: Kind, definition: dict[str, JsonValue]) -> None:
        """Make a property."""
        await self._ask("POST", "properties", kind, definition)

    async def _ask(self, method: str, area: str, what: str, body: dict[str, JsonValue] | None = None) -> Any:
        response = await self._http.request(
            method,
            f"{self._options.url}/crm/{area}/{self._options.api_version}/{what}",
            json=body,
            headers={"Authorization": f"Bearer {self._options.token.get_secret_value()}"},
        )
        check(response)
        return response.json()
