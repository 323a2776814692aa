"""From a body to a message: pure."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from receiver.journal import Message
from receiver.schema import EventHead, WebhookPayload, without_secret

CONCERNS_US = "connection."
UNNAMED = "connection"
"""The type of an event that does not say it; Nectar does not promise that it is in the body."""


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
    try:
        payload = WebhookPayload.model_validate_json(body)
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
        for problem in problems
    ]
    return Misfit(errors, _scrubbed(body))


def _is_foreign(kind: str) -> bool:
    return kind != UNNAMED and not kind.startswith(CONCERNS_US)


def _scrubbed(body: bytes) -> bytes:
    """The body without the magic link's secret; byte for byte as it came where it holds none."""
    lowered = body.lower()
    if b"magic" not in lowered and b"\\u" not in lowered:
        return body
    return json.dumps(without_secret(from_json(body)), separators=(",", ":")).encode()
