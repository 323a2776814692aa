"""What the REST handler is told by the environment: REST_URL and others."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, SecretStr

from handlers.crm import CrmOptions
from handlers.rest.template import FIELDS, unknown_fields


def _body(value: object) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("is not valid JSON") from None


def _known(template: JsonValue) -> JsonValue:
    if unknown := sorted(unknown_fields(template)):
        there = ", ".join(f"{{{name}}}" for name in FIELDS)
        raise ValueError(f"{{{unknown[0]}}} stands for nothing; there are {there}")
    return template


def _url(template: str) -> str:
    if not template.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    _known(template)
    return template


class Options(CrmOptions):
    """Which request brings a company up to date."""

    url: Annotated[str, AfterValidator(_url)] = Field(
        description="URL of the request: `https://crm.example.com/companies/{key}`."
    )
    method: Literal["PUT", "PATCH", "POST"] = Field(default="PUT", description="Method of the request.")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description='Headers, as JSON: `{"Authorization": "Bearer ..."}`.'
    )
    body: Annotated[dict[str, JsonValue] | None, BeforeValidator(_body), AfterValidator(_known)] = Field(
        default=None,
        description="Body, as JSON; `{name}` in its texts stands for a figure. Unset: all figures by name.",
    )
    check_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Asked by `check` with GET and the same headers; well when it answers 2xx.",
    )

    @property
    def template(self) -> JsonValue:
        """The body, not yet filled in."""
        return {name: f"{{{name}}}" for name in FIELDS} if self.body is None else self.body
