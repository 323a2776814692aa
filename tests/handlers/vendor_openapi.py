"""A vendor's own OpenAPI description: every request that a test sends is checked against it.

Stricter than the descriptions themselves: what they do not name is wrong, in queries and in bodies, even
where they leave that open. https://spec.openapis.org/oas/v3.0.3
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it brings no types

from tests.handlers.vendor_spec import SPECS, VendorSpec

Json: TypeAlias = dict[str, Any]

METHODS = {"get", "post", "put", "patch", "delete"}


class OpenApi(VendorSpec):
    """What may be asked of a vendor, by one or more files of `specs`."""

    def __init__(self, *names: str) -> None:
        super().__init__(names[0])
        self._files = [json.loads((SPECS / f"{name}.json").read_text()) for name in names]

    @property
    def operations(self) -> list[Json]:
        """All there are."""
        return [each for file in self._files for _, _, each in _operations(file)]

    def check(self, request: httpx.Request) -> None:
        """Raise AssertionError that says what about the request is not as described."""
        path = request.url.raw_path.decode().partition("?")[0]
        for file in self._files:
            for method, template, operation in _operations(file):
                values = _match(template, path)
                if method == request.method and values is not None:
                    self.asked.add(operation["operationId"])
                    _Call(file, operation, request).check(values)
                    return
        raise AssertionError(f"no described operation: {request.method} {path}")


class _Call:
    """A request, and the operation that it asks for."""

    def __init__(self, file: Json, operation: Json, request: httpx.Request) -> None:
        self._file = file
        self._operation = operation
        self._request = request

    def check(self, values: Mapping[str, str]) -> None:
        """`values`: of the parameters in the path."""
        given = {"path": values, "query": dict(self._request.url.params), "header": self._request.headers}
        described = [self._resolved(each) for each in self._operation["parameters"]]
        for each in described:
            self._check_parameter(each, given[each["in"]])
        known = {each["name"] for each in described if each["in"] == "query"}
        self._claim(given["query"].keys() <= known, f"unknown parameters {given['query'].keys() - known}")
        self._check_body()

    def _check_parameter(self, described: Json, given: Mapping[str, str]) -> None:
        name = described["name"]
        if name not in given:
            self._claim(not described.get("required"), f"{name} is missing")
            return
        schema = described["schema"]
        self._fits(schema, _typed(given[name], schema.get("type")), f"{described['in']} {name}")

    def _check_body(self) -> None:
        body = self._operation.get("requestBody")
        if not self._request.content:
            self._claim(not (body or {}).get("required"), "the body is missing")
            return
        kind = self._request.headers["content-type"].partition(";")[0]
        self._claim(body is not None and kind in body["content"], f"no body of {kind} is described")
        assert body is not None
        self._fits(body["content"][kind]["schema"], json.loads(self._request.content), "body")

    def _fits(self, schema: Json, value: Any, part: str) -> None:
        whole = {**_closed(schema), "components": _closed_all(self._file.get("components", {}))}
        wrong = [
            f"{error.json_path} {error.message}" for error in Draft202012Validator(whole).iter_errors(value)
        ]
        self._claim(not wrong, f"{part}: {'; '.join(wrong)}")

    def _resolved(self, described: Json) -> Json:
        if "$ref" not in described:
            return described
        found: Any = self._file
        for name in described["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return dict(found)

    def _claim(self, holds: bool, otherwise: str) -> None:
        assert holds, f"{self._operation['operationId']}: {otherwise}"


def _operations(file: Json) -> Iterator[tuple[str, str, Json]]:
    """Method, path and operation, with the parameters of the path among its own. Plain paths come first."""
    for template in sorted(file["paths"], key=lambda each: each.count("{")):
        item = file["paths"][template]
        for method in METHODS & item.keys():
            parameters = [*item.get("parameters", []), *item[method].get("parameters", [])]
            yield method.upper(), template, {**item[method], "parameters": parameters}


def _match(template: str, path: str) -> Mapping[str, str] | None:
    names = re.findall(r"\{(\w+)\}", template)
    found = re.fullmatch("([^/]+)".join(map(re.escape, re.split(r"\{\w+\}", template))), path)
    return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else None


def _typed(value: str, kind: str | None) -> Any:
    """Parameters are texts; what does not read as their type stays one, and does not fit."""
    if kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    return {"true": True, "false": False}.get(value, value) if kind == "boolean" else value


def _closed(schema: Any) -> Any:
    """As a JSON Schema, in which nothing is allowed that is not named, and nothing of the server's own."""
    if not isinstance(schema, dict):
        return schema
    made = {name: _inner(name, value) for name, value in schema.items() if name != "nullable"}
    if "properties" in schema:
        ours = {name: each for name, each in made["properties"].items() if not each.get("readOnly")}
        made |= {"properties": ours, "additionalProperties": False}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") else made


def _inner(name: str, value: Any) -> Any:
    if name == "properties":
        return {each: _closed(schema) for each, schema in value.items()}
    if isinstance(value, list):
        return [_closed(each) for each in value]
    return _closed(value)


def _closed_all(components: Json) -> Json:
    schemas = components.get("schemas", {})
    return {"schemas": {name: _closed(schema) for name, schema in schemas.items()}}
