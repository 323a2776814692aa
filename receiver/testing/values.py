"""Ideas for the value of an option, by its type and its name; pydantic is the judge of them."""

import itertools
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, SecretBytes, SecretStr

MARK = "7f3a9c"
"""In every made-up secret: found in a log, it is that secret."""

SHAPES = (
    "made-up",
    "https://target.example.com/made-up",
    "made-up@example.com",
    "Made up <made-up@example.com>",
    "target.example.com",
    "MADEUP",
    "made_up",
    "MADE-1",
    "1",
    "10",
    "2025-03-04",
    "09:15:00",
    "2025-03-04T09:15:00Z",
    "6f9f1c52-7a0e-4c39-9a63-52d1f4b0c7ae",
    "smtp+starttls://made-up:made-up@smtp.example.com",
    "smtp://smtp.example.com",
    "postgresql://made-up:made-up@db.example.com/made-up",
    "redis://redis.example.com:6379/0",
    "amqp://made-up:made-up@queue.example.com",
    "wss://target.example.com/made-up",
    "target.example.com:443",
    "192.0.2.1",
    "+12025550123",
    "#made-up",
    "@made-up",
    "C0MADEUP01",
    "T0MADEUP01",
    "U0MADEUP01",
    "en",
    "US",
    "EUR",
    "UTC",
    "Europe/Berlin",
    "true",
    "P1",
    "0123456789abcdef0123456789abcdef",
    "bWFkZS11cC1tYWRlLXVwLW1hZGUtdXA=",
    "/made-up",
    "{}",
)
"""Texts that options are known to ask for."""

HINTS = (
    (("smtp", "mail_server", "mailserver"), "smtp"),
    (("url", "uri", "endpoint", "webhook", "link", "base"), "https:"),
    (("mail", "from", "sender", "recipient", "cc", "reply"), "made-up@"),
    (("host", "domain", "server", "site", "subdomain"), "target.example"),
    (("project", "board", "queue"), "MADEUP"),
    (("channel",), "C0MADE"),
    (("zone",), "UTC"),
    (("phone", "number"), "+1"),
)
"""Parts of an option's name, and how the text begins that is tried first for it."""

SIMPLE: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (bool, (False, True)),
    (timedelta, (60, 1, 3600)),
    (Mapping, ({"made-up": "made-up"}, {})),
    ((list, tuple, set, frozenset), (["made-up"], [])),
    ((datetime, date, time, UUID, Path), SHAPES),
)
"""Types whose values need no thought."""

NUMBERS = (1, 10, 0, 2, 5, 100, 1000, 0.5, 0.1, -1, 60, 3600, 8080, 10**6)


def candidates(annotation: Any, name: str, metadata: Sequence[Any] = ()) -> Iterator[Any]:
    """Values that an option of this type and name might take, the likeliest first."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return candidates(parts[0], name, [*metadata, *parts[1:]])
    if origin in (Union, UnionType):
        filled = [part for part in parts if part is not NoneType]
        return itertools.chain.from_iterable(candidates(part, name, metadata) for part in filled)
    if origin is Literal:
        return iter(parts)
    if origin is not None:
        return _containers(origin, parts, name, metadata)
    if isinstance(annotation, type):
        return _plain(annotation, name, metadata)
    return _texts(name, metadata)


def _containers(origin: Any, parts: tuple[Any, ...], name: str, metadata: Sequence[Any]) -> Iterator[Any]:
    if not isinstance(origin, type):
        return _texts(name, metadata)
    if issubclass(origin, Mapping):
        pairs = zip(candidates(parts[0], name), candidates(parts[1], name), strict=False)
        return ({key: value} for key, value in pairs)
    if issubclass(origin, tuple) and Ellipsis not in parts:
        return zip(*(candidates(part, name) for part in parts), strict=False)
    if issubclass(origin, Sequence | Set):
        least = max([1, *(each.min_length or 1 for each in metadata if hasattr(each, "min_length"))])
        return _lists(candidates(parts[0], name), least)
    return _texts(name, metadata)


def _lists(ideas: Iterator[Any], least: int) -> Iterator[list[Any]]:
    """Each idea alone, or so many different ones as are asked for."""
    tried = list(itertools.islice(ideas, len(SHAPES) + least))
    return (tried[start : start + least] for start in range(len(tried) - least + 1))


def _plain(kind: type, name: str, metadata: Sequence[Any]) -> Iterator[Any]:
    if issubclass(kind, BaseModel):
        return _nested(kind)
    if issubclass(kind, Enum):
        return iter(kind)
    if issubclass(kind, int | float | Decimal) and not issubclass(kind, bool):
        return _numbers(metadata)
    if issubclass(kind, SecretStr | SecretBytes):
        return _secrets(name, metadata)
    for simple, values in SIMPLE:
        if issubclass(kind, simple):
            return iter(values)
    return _texts(name, metadata)


def _nested(model: type[BaseModel]) -> Iterator[Any]:
    from receiver.testing.options import make_options

    yield make_options(model)


def _numbers(metadata: Sequence[Any]) -> Iterator[float]:
    """The usual ones, and those about the bounds that the option has."""
    names = ("gt", "ge", "lt", "le", "multiple_of")
    bounds = [
        bound
        for each in metadata
        for name in names
        if isinstance(bound := getattr(each, name, None), int | float)
    ]
    nearby = (bound + step for bound in bounds for step in (0, 1, -1))
    # Of so many numbers on end, one is a multiple of what is asked for.
    return itertools.chain(NUMBERS, nearby, (bound / 2 for bound in bounds), range(2, 100))


def _secrets(name: str, metadata: Sequence[Any]) -> Iterator[str]:
    return (_marked(text, name) for text in _texts(name, metadata))


def _marked(text: str, name: str) -> str:
    """Unlike any other text, and of the same shape."""
    mark = f"secret-{name.replace('_', '-')}-{MARK}"
    if "://made-up:made-up@" in text:
        return text.replace(":made-up@", f":{mark}@")
    return text.replace("made-up", f"made-up-{mark}") if "made-up" in text else text


def _texts(name: str, metadata: Sequence[Any]) -> Iterator[str]:
    first = [start for parts, start in HINTS if any(part in name.lower() for part in parts)]
    likely = [text for start in first for text in SHAPES if text.startswith(start)]
    for text in dict.fromkeys([*likely, *SHAPES]):
        yield _fitted(text, metadata)


def _fitted(text: str, metadata: Sequence[Any]) -> str:
    """As long as it must be."""
    shortest = max((getattr(each, "min_length", None) or 0 for each in metadata), default=0)
    longest = min((getattr(each, "max_length", None) or 10**6 for each in metadata), default=10**6)
    padding = (text[-1:] or "x") * (shortest - len(text))
    return (text + padding)[:longest]
