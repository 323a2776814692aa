"""What `nectar-router send` sends: an example by its name, a file, or standard input."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from receiver.cli.output import Failed
from receiver.simulator import catalogue
from receiver.simulator.catalogue import Json
from receiver.simulator.payloads import CREATED, VALIDATED, event


@dataclass(frozen=True, slots=True)
class Order:
    """What was typed; what is empty was not."""

    fixture: str = ""
    file: Path | None = None
    url: str = ""
    secret: str = ""
    message_id: str = ""
    event_type: str = ""
    connection: str = ""
    data: Path | None = None


def body_of(order: Order, connection: str) -> bytes:
    """The body, of an example about this connection; empty: about its own. Raises Failed."""
    if order.file is not None:
        if order.fixture:
            raise typer.BadParameter("an example or --file, not both.", param_hint="--file")
        return _read(order.file)
    return json.dumps(_payload(order, connection), ensure_ascii=False).encode()


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}") from None


def _payload(order: Order, connection: str) -> Json:
    if order.fixture in catalogue.names():
        about = catalogue.connection(order.fixture)
        about["id"] = connection or about["id"]
        return event(order.event_type or (CREATED if order.fixture == "created" else VALIDATED), about)
    if order.fixture not in catalogue.webhook_names():
        raise typer.BadParameter(_names(), param_hint="FIXTURE")
    payload = catalogue.webhook(order.fixture)
    if order.connection:
        payload["id"] = order.connection
    if order.event_type:
        payload["eventType"] = order.event_type
    return payload


def _names() -> str:
    situations, payloads = catalogue.names(), catalogue.webhook_names()
    return (
        f"there are the situations {', '.join(situations)}; "
        f"and the payloads {', '.join(name for name in payloads if name not in situations)}."
    )


def subject_of(body: bytes) -> Json:
    """What can be told of the connection that a body is about: nothing when it is about none."""
    try:
        payload = json.loads(body)
        kind = str(payload.get("eventType") or "connection.")
    except (ValueError, AttributeError):  # not JSON, or no object
        return {}
    return payload if kind.startswith("connection.") and "id" in payload else {}
