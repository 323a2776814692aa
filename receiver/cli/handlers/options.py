"""The variables that a handler reads: what is behind its options, and which are set. Never a value."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema


@dataclass(frozen=True, slots=True)
class Option:
    """A variable that a handler reads."""

    variable: str
    type: str
    required: bool
    default: Any
    set: bool
    description: str


def options_of(model: type[BaseModel], prefix: str) -> Iterator[Option]:
    """The variables of a model of options: PREFIX_FIELD, or PREFIX_ALIAS where a field has one."""
    shapes = _shapes(model)
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        called = alias if isinstance(alias, str) else name
        variable = f"{prefix}_{called}".upper()
        shape = shapes.get(called, {})
        yield Option(
            variable=variable,
            type=_type(shape),
            required=field.is_required(),
            default=None if _is_secret(shape) else shape.get("default"),
            set=bool(os.environ.get(variable)),
            description=field.description or "",
        )


def _shapes(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """JSON Schema says what a field takes, whatever Python type it is of; not every type has one."""
    try:
        shapes: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    except (PydanticInvalidForJsonSchema, KeyError):
        return {}
    return shapes


def _type(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(dict.fromkeys(_type(one) for one in shape["anyOf"] if one.get("type") != "null"))
    if "enum" in shape:
        return " or ".join(map(str, shape["enum"]))
    if _is_secret(shape):
        return "secret"
    words = {"string": "text", "uri": "URL", "array": "list", "object": "JSON", "boolean": "yes or no"}
    kind = str(shape.get("format") or shape.get("type") or "text")
    return words.get(kind, kind)


def _is_secret(shape: dict[str, Any]) -> bool:
    return shape.get("format") == "password" or any(map(_is_secret, shape.get("anyOf", ())))
