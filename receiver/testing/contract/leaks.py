"""Whether a text holds what must not be told."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, SecretBytes, SecretStr

from receiver.api import Connection
from receiver.telemetry import SHORTEST_HIDDEN, Redactor


class Leaks:
    """Knows the secrets of a handler's options, and its reconnect link."""

    def __init__(self, options: BaseModel, link: str) -> None:
        named = {f"the value of the option {name!r}": text for name, text in _secrets(options, "")}
        named["the reconnect link"] = link
        self._secrets = {name: text for name, text in named.items() if len(text) >= SHORTEST_HIDDEN}
        self._redactor = Redactor()
        self._redactor.hide_options(options)
        # Of a URL that is secret, such as a chat's webhook, a request's path shows the secret part.
        self._redactor.hide(link, *(path_of(text) for text in self._secrets.values()))

    def without(self, text: str) -> str:
        """The text without secrets and addresses."""
        return self._redactor.text(text)

    def secrets(self, text: str) -> list[str]:
        """The names of the secrets in a text."""
        return [
            name for name, secret in self._secrets.items() if secret in text or quote(secret, safe="") in text
        ]

    @staticmethod
    def personal(text: str, connection: Connection) -> list[str]:
        """The names of the personal data in a text."""
        owner = connection.workflow_owner_email
        found = []
        if owner and (owner in text or owner.partition("@")[0] in text):
            found.append("the owner's address")
        if connection.username and connection.username in text:
            found.append("the username")
        return found


def _secrets(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """The secrets in a value with the names that lead to them, however deep they lie."""
    if isinstance(value, SecretStr):
        yield name, value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield name, value.get_secret_value().decode(errors="replace")
    elif isinstance(value, BaseModel):
        yield from _secrets(vars(value), name)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _secrets(inner, f"{name}.{key}".strip("."))
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _secrets(inner, name)


def path_of(secret: str) -> str:
    """The path of a secret that is a URL; "" of one that is none."""
    try:
        parts = urlsplit(secret)
    except ValueError:
        return ""
    return parts.path if parts.netloc else ""
