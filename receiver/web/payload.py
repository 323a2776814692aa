"""From a body to a message: pure."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from receiver.journal import Message
from receiver.schema import NO_SECRET, EventHead, WebhookPayload, without_secret

CONCERNS_US = "connection."
UNNAMED = "connection"
"""The type of an event that does not say it; Nectar does not promise that it is in the body."""
MOST_ERRORS = 100
"""Errors that are told and kept: a body of 1 MiB can have half a million."""
ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
"""An ASCII letter that JSON spells as its number."""
VALIDATE = WebhookPayload.__pydantic_validator__.validate_json
"""pydantic's own, without the checks of the options that model_validate_json makes each time."""
BACKSLASH = ord("\\")


class Malformed(ValueError):  # noqa: N818 - names what the body is
    """The body is not JSON; the text says where."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """An event that does not concern connections."""

    type: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """An event that does not fit the schema: what is wrong, field by field, and the body without secrets."""

    errors: list[dict[str, Any]]
    payload: bytes


def understand(message_id: str, body: bytes) -> Message | Foreign | Misfit:
    """What a verified body says. Raises Malformed."""
    _refuse_odd_numbers(body)
    try:
        # Unknown fields are in the body. Nobody asks the payload for them, nor for a secret among them.
        payload = VALIDATE(body, extra="ignore", context=NO_SECRET)
    except ValidationError as error:
        return _misunderstood(body, error)
    kind = payload.event_type or UNNAMED
    if _is_foreign(kind):
        return Foreign(kind)
    return Message(message_id, kind, str(payload.id), _scrubbed(body), payload.unknown_values())


def _misunderstood(body: bytes, error: ValidationError) -> Foreign | Misfit:
    problems = error.errors(include_input=False, include_context=False, include_url=False)
    if problems[0]["type"] == "json_invalid":
        raise Malformed(problems[0]["msg"])
    try:
        kind = EventHead.model_validate_json(body).event_type
    except ValidationError:
        kind = None
    if isinstance(kind, str) and _is_foreign(kind):
        return Foreign(kind)
    errors = [
        {"location": ".".join(map(str, problem["loc"])) or "(the body)", "reason": problem["msg"]}
        for problem in problems[:MOST_ERRORS]
    ]
    if left := len(problems) - len(errors):
        errors.append({"location": "(elsewhere)", "reason": f"{left} more errors"})
    return Misfit(errors, _scrubbed(body))


def _refuse_odd_numbers(body: bytes) -> None:
    """NaN and Infinity are not JSON, though pydantic takes them: what is kept must be readable by all."""
    if b"NaN" in body or b"Infinity" in body:
        try:
            from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise Malformed(f"Invalid JSON: {error}") from None


def _is_foreign(kind: str) -> bool:
    return kind != UNNAMED and not kind.startswith(CONCERNS_US)


def _names_no_secret(body: bytes) -> bool:
    plain = body
    # By its number, which takes a tenth of the time that b"\\u" takes; most bodies have none.
    if BACKSLASH in body:
        plain = ESCAPED.sub(lambda escape: bytes.fromhex(escape[1].decode()), body)
    return b"magic" not in plain.lower()


def _scrubbed(body: bytes) -> bytes:
    """The body without the magic link's secret; byte for byte as it came where there is no word of one."""
    if _names_no_secret(body):
        return body
    return to_json(without_secret(from_json(body)), inf_nan_mode="null")
