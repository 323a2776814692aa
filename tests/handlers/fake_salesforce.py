"""Salesforce as its documentation describes it, with an org in memory."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx
from starlette.responses import JSONResponse, Response

from handlers.salesforce import Options
from handlers.salesforce.fields import FIGURES
from tests.handlers.fake_vendor import FakeVendor

CLIENT, SECRET = "3MVG9-made-up-consumer-key", "made-up-consumer-secret"
KEY = "Nectar_Id__c"


class FakeSalesforce(FakeVendor):
    """An org: its accounts, the fields that our user sees, and the tokens that are good."""

    def __init__(self) -> None:
        super().__init__("salesforce", self._answered)
        self.accounts: list[dict[str, Any]] = []
        key = {"name": KEY, "type": "string", "externalId": True, "unique": True, "updateable": True}
        others = [{"name": name, "type": kind, "updateable": True} for name, kind in FIGURES.items()]
        self.fields: dict[str, dict[str, Any]] = {str(each["name"]): each for each in (key, *others)}
        self.tokens: list[str] = []

    def options(self, **more: Any) -> Options:
        """Options with which to write here."""
        return Options.model_validate({"url": self.url, "client_id": CLIENT, "client_secret": SECRET, **more})

    def add(self, key: str, **values: Any) -> dict[str, Any]:
        """An account that is there already."""
        self.accounts.append({"Id": f"001{len(self.accounts):015}", KEY: key, **values})
        return self.accounts[-1]

    def revoke(self) -> None:
        """No token is good any more; new ones are given."""
        self.tokens.append("")

    def _answered(self, request: httpx.Request) -> Response:
        path = request.url.raw_path.decode().partition("?")[0]
        if path.endswith("/oauth2/token"):
            return self._sign_in(parse_qs(request.content.decode()))
        if not self.tokens or request.headers["authorization"] != f"Bearer {self.tokens[-1]}":
            return _error(401, "INVALID_SESSION_ID")
        if path.endswith("/describe"):
            return self._limited({"fields": [*self.fields.values()]}, 200)
        if path.endswith("/query"):
            return self._query(request.url.params["q"])
        key = unquote(path.rpartition("/")[2])
        return self._upsert(key, json.loads(request.content), request.url.params.get("updateOnly") == "true")

    def _sign_in(self, form: dict[str, list[str]]) -> Response:
        if (form["client_id"], form["client_secret"]) != ([CLIENT], [SECRET]):
            body = {"error": "invalid_client", "error_description": "invalid client credentials"}
            return JSONResponse(body, 400)
        self.tokens.append(f"made-up-token-{len(self.tokens)}")
        told = {"access_token": self.tokens[-1], "token_type": "Bearer", "scope": "api", "issued_at": "1"}
        return JSONResponse({**told, "instance_url": self.url, "id": f"{self.url}/id/1/2", "signature": "x"})

    def _query(self, query: str) -> Response:
        names = re.findall(r"\w+", query.removeprefix("SELECT ").partition(" FROM ")[0])
        if unknown := [name for name in names if name not in {"Id", *self.fields}]:
            return _error(400, "INVALID_FIELD", unknown)
        literals = re.findall(r"'((?:[^'\\]|\\.)*)'", query.partition(" IN ")[2])
        keys = {re.sub(r"\\(.)", r"\1", each).casefold() for each in literals}
        found = [each for each in self.accounts if each[KEY].casefold() in keys]
        records = [{name: _shown(each.get(name)) for name in names} for each in found]
        return self._limited({"totalSize": len(records), "done": True, "records": records}, 200)

    def _upsert(self, key: str, body: dict[str, Any], update_only: bool) -> Response:
        found = [each for each in self.accounts if each[KEY].casefold() == key.casefold()]
        if key.endswith(".inc") or (update_only and not found):
            return _error(404, "NOT_FOUND")
        if len(found) > 1:
            return JSONResponse(
                [f"/services/data/v68.0/sobjects/Account/{each['Id']}" for each in found], 300
            )
        if unknown := [name for name in body if name not in {"Name", *self.fields}]:
            return _error(400, "INVALID_FIELD", unknown)
        if not found and "Name" not in body:
            return _error(400, "REQUIRED_FIELD_MISSING", ["Name"])
        record = found[0] if found else self.add(key)
        record |= body
        told = {"id": record["Id"], "success": True, "errors": [], "created": not found}
        return self._limited(told, 200 if found else 201)

    def _limited(self, body: Any, code: int) -> Response:
        return JSONResponse(body, code, {"Sforce-Limit-Info": f"api-usage={len(self.requests)}/100000"})


def _shown(value: Any) -> Any:
    """As Salesforce writes numbers and times."""
    if isinstance(value, str) and value.endswith("Z"):
        return value.replace("Z", ".000+0000")
    return float(value) if isinstance(value, int) else value


def _error(code: int, word: str, fields: list[str] | None = None) -> Response:
    """An error as Salesforce writes it; its message repeats what was sent, which must not reach a log."""
    error: dict[str, Any] = {"message": "made-up message about hush@acme.example", "errorCode": word}
    return JSONResponse([error | ({"fields": fields} if fields else {})], code)
