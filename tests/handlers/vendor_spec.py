"""A vendor's interface as its documentation has it: every request that a test sends is checked against it.

The files in `specs` are ours, each operation with the page that it was written from: method, path, query,
headers and body as JSON Schemas, in which nothing is allowed that is not named.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it brings no types

SPECS = Path(__file__).parent / "specs"


class VendorSpec:
    """What may be asked of a vendor."""

    def __init__(self, name: str) -> None:
        self._spec: dict[str, Any] = json.loads((SPECS / f"{name}.json").read_text())
        self.asked: set[str] = set()
        """Names of the operations that were asked for."""

    @property
    def operations(self) -> list[dict[str, Any]]:
        """All there are."""
        return list(self._spec["operations"])

    def check(self, request: httpx.Request) -> None:
        """Raise AssertionError that says what about the request is not as documented."""
        path = request.url.raw_path.decode().partition("?")[0]
        found = [
            each
            for each in self.operations
            if each["method"] == request.method and re.fullmatch(each["path"], path)
        ]
        assert found, f"no documented operation: {request.method} {path}"
        operation = found[0]
        self.asked.add(operation["name"])
        self._fits(operation, "headers", {name.lower(): value for name, value in request.headers.items()})
        self._fits(operation, "query", dict(request.url.params))
        self._fits(operation, "body", _body(request, operation))

    def _fits(self, operation: dict[str, Any], part: str, value: Any) -> None:
        schema = {**operation[part], "$defs": self._spec.get("$defs", {})}
        wrong = [error.message for error in Draft202012Validator(schema).iter_errors(value)]
        assert not wrong, f"{operation['name']}: {part}: {'; '.join(wrong)}"


def _body(request: httpx.Request, operation: dict[str, Any]) -> Any:
    if not request.content:
        return None
    kind = request.headers["content-type"].partition(";")[0]
    assert kind == operation["media"], f"{operation['name']}: {kind}"
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.content.decode(), strict_parsing=True))
    return json.loads(request.content)
