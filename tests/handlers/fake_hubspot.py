"""HubSpot as its documentation describes it, with an account in memory."""

import json
from typing import Any

import httpx
from starlette.responses import JSONResponse, Response

from handlers.hubspot import Options
from handlers.hubspot.properties import properties_of
from tests.handlers.fake_vendor import FakeVendor

TOKEN = "pat-made-up-4711"
MULTI_STATUS = 207


class FakeHubSpot(FakeVendor):
    """An account: its properties, and its records by kind and id."""

    def __init__(self, *, is_set_up: bool = True) -> None:
        super().__init__("hubspot", self._answered)
        self.properties: dict[str, dict[str, dict[str, Any]]] = {
            "companies": {"name": {"name": "name", "type": "string"}},
            "contacts": {"email": {"name": "email", "type": "string", "hasUniqueValue": True}},
        }
        self.groups: dict[str, set[str]] = {"companies": set(), "contacts": set()}
        self.records: dict[str, dict[str, dict[str, str]]] = {"companies": {}, "contacts": {}}
        if is_set_up:
            for kind in ("companies", "contacts"):
                for each in properties_of(kind, "nectar_company_id"):
                    self.properties[kind][each.name] = each.definition

    def options(self, **more: Any) -> Options:
        """Options with which to write here."""
        return Options.model_validate({"token": TOKEN, "url": self.url, **more})

    def add(self, kind: str, **values: str) -> str:
        """A record that is there already; its id."""
        made = str(9000 + len(self.records[kind]))
        self.records[kind][made] = values
        return made

    def record(self, kind: str, name: str, value: str) -> dict[str, str]:
        """The one record with that value."""
        [found] = [each for each in self.records[kind].values() if each.get(name) == value]
        return found

    def _answered(self, request: httpx.Request) -> Response:
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return JSONResponse(_error("INVALID_AUTHENTICATION"), 401)
        area, _, kind, *rest = request.url.path.removeprefix("/crm/").split("/")
        body = json.loads(request.content or b"null")
        if area == "properties":
            return self._property(kind, rest, body)
        return self._read(kind, body) if rest[-1] == "read" else self._upsert(kind, body["inputs"])

    def _property(self, kind: str, rest: list[str], body: Any) -> Response:
        if body is None:
            listed: Any = (
                [{"name": name} for name in self.groups[kind]] if rest else [*self.properties[kind].values()]
            )
            return JSONResponse({"results": listed})
        if not rest and body["groupName"] not in self.groups[kind]:
            return JSONResponse(_error("VALIDATION_ERROR", "GROUP_DOESNT_EXIST", "groupName"), 400)
        if rest:
            self.groups[kind].add(body["name"])
        elif body["name"] in self.properties[kind]:
            return JSONResponse(_error("OBJECT_ALREADY_EXISTS"), 409)
        else:
            self.properties[kind][body["name"]] = body
        return JSONResponse(body, 201)

    def _read(self, kind: str, body: Any) -> Response:
        if not self.properties[kind].get(body["idProperty"], {}).get("hasUniqueValue"):
            return JSONResponse(_error("VALIDATION_ERROR", "PROPERTY_DOESNT_EXIST", body["idProperty"]), 400)
        results = []
        for each in body["inputs"]:
            if (found := self._find(kind, body["idProperty"], each["id"])) is not None:
                shown = {name: self.records[kind][found].get(name) for name in body["properties"]}
                results.append({"id": found, "properties": shown, "archived": False})
        missing = len(body["inputs"]) - len(results)
        errors = {"errors": [_error("OBJECT_NOT_FOUND")], "numErrors": missing} if missing else {}
        return JSONResponse(
            {"status": "COMPLETE", "results": results, **errors}, MULTI_STATUS if missing else 200
        )

    def _upsert(self, kind: str, inputs: list[dict[str, Any]]) -> Response:
        wrong = {place: error for place, each in enumerate(inputs) if (error := self._refusal(kind, each))}
        traced = all("objectWriteTraceId" in each for each in inputs) and kind != "contacts"
        if wrong and not traced:
            return JSONResponse(next(iter(wrong.values())), 400)
        results = [self._write(kind, each) for place, each in enumerate(inputs) if place not in wrong]
        for place, error in wrong.items():
            error["context"] = {"objectWriteTraceId": [inputs[place]["objectWriteTraceId"]]}
        errors = {"errors": [*wrong.values()], "numErrors": len(wrong)} if wrong else {}
        body = {"status": "COMPLETE", "results": results[::-1], **errors}  # in no order that may be relied on
        return JSONResponse(body, MULTI_STATUS if wrong else 200)

    def _refusal(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any] | None:
        for name, value in wanted["properties"].items():
            if name not in self.properties[kind]:
                return _error("VALIDATION_ERROR", "PROPERTY_DOESNT_EXIST", name)
            if self.properties[kind][name]["type"] == "number" and not value.isdecimal():
                return _error("VALIDATION_ERROR", "INVALID_INTEGER", name)
        if kind == "contacts" and "@" not in wanted["id"]:
            return _error("VALIDATION_ERROR", "INVALID_EMAIL", "email")
        known = self._find(kind, wanted["idProperty"], wanted["id"])
        if kind == "companies" and known is None and not wanted["properties"].get("name"):
            return _error("VALIDATION_ERROR", "MISSING_REQUIRED_PROPERTY", "name")
        return (
            _error("VALIDATION_ERROR", "INVALID_LENGTH", "nectar_link") if "too-long" in str(wanted) else None
        )

    def _write(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
        known = self._find(kind, wanted["idProperty"], wanted["id"])
        found = known or self.add(kind, **{wanted["idProperty"]: wanted["id"]})
        self.records[kind][found] |= wanted["properties"]
        result = {"id": found, "new": known is None, "properties": self.records[kind][found]}
        return result | {"objectWriteTraceId": wanted["objectWriteTraceId"]}

    def _find(self, kind: str, name: str, value: str) -> str | None:
        for found, record in self.records[kind].items():
            if record.get(name) == value:
                return found
        return None


def _error(category: str, code: str = "", name: str = "") -> dict[str, Any]:
    """An error as HubSpot writes it; its message repeats what was sent, which must not reach a log."""
    details = [{"message": "Property values were not valid: hush", "code": code, "in": name}] if code else []
    return {
        "status": "error",
        "message": "made-up message about hush@acme.example",
        "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf",
        "category": category,
        "errors": details,
    }
