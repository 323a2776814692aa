"""Salesforce's REST API, as far as it is asked here: finding and upserting records, describing an object."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import JsonValue

from handlers.salesforce.errors import raise_for
from handlers.salesforce.options import Options
from handlers.salesforce.token import Token


class Api:
    """The calls, signed in. Each raises httpx's errors, PermissionError, BusyError and RefusedError."""

    def __init__(self, options: Options, http: httpx.AsyncClient, token: Token) -> None:
        self._options = options
        self._http = http
        self._token = token

    async def find(self, keys: Iterable[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The records of these keys that there are, with these fields, by key in lower case.

        https://developer.salesforce.com/docs/platform/api-rest/guide/resources-query.html
        """
        named = ", ".join(["Id", self._options.key_field, *fields])
        among = ", ".join(map(literal, keys))
        query = f"SELECT {named} FROM {self._options.object} WHERE {self._options.key_field} IN ({among})"  # noqa: S608
        response = await self._ask("GET", "query", q=query)
        raise_for(response, self._options.place)
        records: list[dict[str, Any]] = response.json()["records"]
        return {str(each[self._options.key_field]).casefold(): each for each in records}

    async def upsert(self, key: str, body: dict[str, JsonValue], *, update_only: bool) -> httpx.Response:
        """Make or change the record of a key. The answer may be anything.

        https://developer.salesforce.com/docs/platform/api-rest/guide/resources-sobject-upsert-patch.html
        """
        path = f"sobjects/{self._options.object}/{self._options.key_field}/{quote(key, safe='')}"
        return await self._ask("PATCH", path, body, **({"updateOnly": "true"} if update_only else {}))

    async def describe(self) -> dict[str, Any]:
        """The object's fields by name, as far as our user sees them."""
        response = await self._ask("GET", f"sobjects/{self._options.object}/describe")
        raise_for(response, self._options.place)
        return {each["name"]: each for each in response.json()["fields"]}

    async def _ask(self, method: str, path: str, body: JsonValue = None, **query: str) -> httpx.Response:
        """Sent again with a new token when the old one is refused."""
        token = await self._token.get(self._options, self._http)
        response = await self._send(method, path, body, query, token)
        if response.status_code == 401:
            token = await self._token.get(self._options, self._http, refused=token)
            response = await self._send(method, path, body, query, token)
        return response

    async def _send(
        self, method: str, path: str, body: JsonValue, query: dict[str, str], token: str
    ) -> httpx.Response:
        url = f"{self._options.url}/services/data/v{self._options.api_version}/{path}"
        headers = {"Authorization": f"Bearer {token}"}
        return await self._http.request(method, url, json=body, params=query, headers=headers)


def literal(text: str) -> str:
    r"""A text as it stands in SOQL. Nectar's customers choose their keys: none may end the text early.

    https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
    """
    escapes = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
    return f"'{''.join(escapes.get(character, character) for character in text)}'"
