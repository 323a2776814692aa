"""From a CloudEvent to the headers and the body of a request, signed.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md and
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import JsonValue

from handlers.forward.event import CloudEvent
from handlers.forward.options import Mode

STRUCTURED_TYPE = "application/cloudevents+json"
_PLAIN = "".join(character for character in map(chr, range(0x21, 0x7F)) if character not in '"%')
"""What stands in a `ce-` header as it is (the binding's section 3.1.3.2)."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted."""

    headers: dict[str, str]
    body: bytes


def encode(event: CloudEvent, mode: Mode) -> Message:
    """The event as a message, not signed yet."""
    if mode is Mode.STRUCTURED:
        return Message({"Content-Type": STRUCTURED_TYPE}, _json({**event.attributes, "data": event.data}))
    headers = {"Content-Type": event.attributes["datacontenttype"]}
    for name, value in event.attributes.items():
        if name != "datacontenttype":
            headers[f"ce-{name}"] = quote(value, safe=_PLAIN)
    return Message(headers, _json(event.data))


def sign(message: Message, keys: Iterable[bytes], event_id: str, now: int) -> Message:
    """The message with Standard Webhooks' headers: signed with each key, with none not at all.

    `now`: seconds since 1970; receivers take a signature for some five minutes, so each attempt has its own.
    """
    headers = {"webhook-id": event_id, "webhook-timestamp": str(now)}
    content = f"{event_id}.{now}.".encode() + message.body
    if signatures := [_signature(key, content) for key in keys]:
        headers["webhook-signature"] = " ".join(signatures)
    return Message({**message.headers, **headers}, message.body)


def _signature(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _json(value: JsonValue | dict[str, JsonValue]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
