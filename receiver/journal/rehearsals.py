"""What handlers in shadow mode would have done, to be read before they are let loose."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import JsonValue

from receiver.journal.store import Store, compact, key

MOST_REHEARSED = 1000
"""Deliveries kept of each handler, the newest."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One delivery in shadow mode."""

    connection: str
    version: int
    status: str
    outcome: str
    """The word for it, as a delivery in earnest would have ended: `done`, `skipped`, `later`, `retry`, ..."""
    detail: str
    effects: Sequence[JsonValue]
    """What it would have done outside, in order, without secrets: each with its `kind`."""


class Rehearsals:
    """The record of shadow mode."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, handler: str, rehearsed: Rehearsed) -> None:
        """Record a delivery. `handler`: its name in the journal."""
        fields: dict[Any, Any] = {**asdict(rehearsed), "effects": compact(list(rehearsed.effects))}
        await self._store.redis.xadd(
            key("rehearsed", handler), fields, maxlen=MOST_REHEARSED, approximate=True
        )

    async def newest(self, handler: str, count: int, before: str = "+") -> list[tuple[str, Rehearsed]]:
        """The newest deliveries before that mark, newest first, each with its own mark."""
        upto = before if before == "+" else f"({before}"
        entries = await self._store.redis.xrevrange(key("rehearsed", handler), max=upto, count=count)
        return [(mark, _read(fields)) for mark, fields in entries]


def _read(fields: dict[str, str]) -> Rehearsed:
    return Rehearsed(
        connection=fields["connection"],
        version=int(fields["version"]),
        status=fields["status"],
        outcome=fields["outcome"],
        detail=fields["detail"],
        effects=json.loads(fields["effects"]),
    )
