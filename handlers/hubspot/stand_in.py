"""A stand-in for HubSpot, for rehearsals: remembers what it is sent, as far as the handler can tell."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from handlers.hubspot.options import Options


class StandIn:
    """An account without records, and without properties of ours: a rehearsed setup shows all it makes."""

    def __init__(self, options: Options) -> None:
        self._properties: dict[str, dict[str, Any]] = {"companies": {}, "contacts": {}}
        self._groups: set[str] = set()
        self._records: dict[tuple[str, str], dict[str, Any]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer as HubSpot would."""
        area, _, kind, *rest = request.url.path.removeprefix("/crm/").split("/")
        body = json.loads(request.content or b"{}")
        if area == "properties":
            return self._property(kind, rest, body)
        answer: Callable[[str, dict[str, Any]], list[dict[str, Any]]] = (
            self._upsert if rest[-1] == "upsert" else self._read
        )
        return httpx.Response(
            200, json={"status": "COMPLETE", "results": answer(kind, body)}, request=request
        )

    def _property(self, kind: str, rest: list[str], body: dict[str, Any]) -> httpx.Response:
        if not body:
            groups = [{"name": name} for name in self._groups]
            return httpx.Response(
                200, json={"results": groups if rest else [*self._properties[kind].values()]}
            )
        if rest:
            self._groups.add(body["name"])
        else:
            self._properties[kind][body["name"]] = body
        return httpx.Response(201, json=body)

    def _read(self, kind: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        keys = [(kind, each["id"]) for each in body["inputs"]]
        return [self._records[key] for key in keys if key in self._records]

    def _upsert(self, kind: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        return [self._write(kind, each) for each in body["inputs"]]

    def _write(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
        made_up = {
            "id": f"made-up-{len(self._records) + 1}",
            "properties": {wanted["idProperty"]: wanted["id"]},
        }
        record = self._records.setdefault((kind, wanted["id"]), made_up)
        record["properties"] |= wanted["properties"]
        return record | {"objectWriteTraceId": wanted["objectWriteTraceId"]}
