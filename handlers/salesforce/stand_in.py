"""A stand-in for Salesforce, for rehearsals: remembers what it is sent, as far as the handler can tell."""

import json
from typing import Any
from urllib.parse import unquote

import httpx

from handlers.salesforce.api import literal
from handlers.salesforce.fields import FIGURES
from handlers.salesforce.options import Options


class StandIn:
    """An org with the fields that are wanted and no records."""

    def __init__(self, options: Options) -> None:
        key: dict[str, Any] = {
            "name": options.key_field,
            "type": "string",
            "externalId": True,
            "unique": True,
        }
        fields: list[dict[str, Any]] = [{"name": name, "type": kind} for name, kind in FIGURES.items()]
        self._fields = [each | {"updateable": True} for each in (key, *fields)]
        self._key_field = options.key_field
        self._records: dict[str, dict[str, Any]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as Salesforce would."""
        if request.url.path.endswith("/oauth2/token"):
            signed_in = {
                "access_token": "made-up",
                "token_type": "Bearer",
                "instance_url": "",
                "scope": "api",
            }
            return httpx.Response(200, json=signed_in)
        if request.url.path.endswith("/describe"):
            return httpx.Response(200, json={"fields": self._fields})
        if request.method == "GET":
            asked = request.url.params["q"]
            found = [each for key, each in self._records.items() if literal(key) in asked]
            return httpx.Response(200, json={"totalSize": len(found), "done": True, "records": found})
        return self._upsert(request.url, json.loads(request.content))

    def _upsert(self, url: httpx.URL, fields: dict[str, Any]) -> httpx.Response:
        key = unquote(url.raw_path.decode().partition("?")[0].rpartition("/")[2])
        known = key in self._records
        made_up = {"Id": f"made-up-{len(self._records) + 1}", self._key_field: key}
        record = self._records.setdefault(key, made_up)
        record |= fields
        body = {"id": record["Id"], "success": True, "errors": [], "created": not known}
        return httpx.Response(200 if known else 201, json=body)
