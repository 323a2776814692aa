"""The examples that ship with the router: a connection for each situation, and webhooks as published.

One JSON file each, named for what it shows; the same files serve tests, the docs and the command line.
"""

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, cast

Json = dict[str, Any]
"""A JSON object as it goes over the wire: camelCase, nothing parsed."""

_CONNECTIONS = files("receiver.simulator") / "fixtures"
_WEBHOOKS = _CONNECTIONS / "webhooks"


class UnknownNameError(LookupError):
    """No example of that name; the text lists those there are."""

    def __init__(self, kind: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no {kind} named {name!r}; there are: {', '.join(known)}")


def names() -> tuple[str, ...]:
    """The situations that `connection` knows, in alphabetical order."""
    return _names(_CONNECTIONS)


def webhook_names() -> tuple[str, ...]:
    """The payloads that `webhook` knows, in alphabetical order."""
    return _names(_WEBHOOKS)


def connection(name: str) -> Json:
    """A connection as `GET /connection/{id}/details` answers it; a fresh copy. Raises UnknownNameError."""
    return _load("connection", _CONNECTIONS, name)


def webhook(name: str) -> Json:
    """The payload of a webhook, thinner than a connection; a fresh copy. Raises UnknownNameError."""
    return _load("webhook", _WEBHOOKS, name)


def _names(folder: Traversable) -> tuple[str, ...]:
    return tuple(sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.is_file()))


def _load(kind: str, folder: Traversable, name: str) -> Json:
    known = _names(folder)
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return cast(Json, json.loads((folder / f"{name}.json").read_text("utf-8")))
