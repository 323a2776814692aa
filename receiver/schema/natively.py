"""Rules of the wire that pydantic checks without calling Python, which would take as long as all the rest."""

from datetime import datetime
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import (
    chain_schema,
    is_instance_schema,
    json_or_python_schema,
    lax_or_strict_schema,
    no_info_before_validator_function,
    no_info_plain_validator_function,
    nullable_schema,
    str_schema,
    with_default_schema,
)


class NoNumber:
    """For a time or a date: pydantic would take a number for seconds since 1970."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """In JSON a string comes first, strictly nothing else will do; in Python it may be a time already."""
        schema = handler(source)
        return json_or_python_schema(
            json_schema=lax_or_strict_schema(
                lax_schema=chain_schema([str_schema(), schema]), strict_schema=schema
            ),
            python_schema=no_info_before_validator_function(_not_a_number, schema),
        )


UTC_AS_DUMPED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z$"


class DumpedInUtc:
    """For a time in UTC: read strictly, as a dump has it, and as quickly as that allows.

    Of any other time pydantic makes a zone of its own, and to change that takes twice as long as to read it.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Strictly and in JSON by Python's own parser, whose zone is `datetime.UTC`."""
        schema = handler(source)
        dumped = [str_schema(pattern=UTC_AS_DUMPED), no_info_plain_validator_function(datetime.fromisoformat)]
        return lax_or_strict_schema(
            lax_schema=schema,
            strict_schema=json_or_python_schema(json_schema=chain_schema([*dumped]), python_schema=schema),
        )


class NoneIsEmpty:
    """For a tuple: null stands for the empty one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The tuple or None; then what is no tuple is the empty one."""
        empty = with_default_schema(is_instance_schema(tuple), default=(), on_error="default")
        return chain_schema([nullable_schema(handler(source)), empty])

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What is taken."""
        assert schema["type"] == "chain"
        return handler(schema["steps"][0])


NO_NUMBER = NoNumber()
DUMPED_IN_UTC = DumpedInUtc()
NONE_IS_EMPTY = NoneIsEmpty()


def _not_a_number(value: object) -> object:
    if isinstance(value, (int, float)):
        raise ValueError("expected a string, not a number")
    return value
