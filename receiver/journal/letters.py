"""What needs a person, newest first: the dead letters, and what lies in the quarantine."""

import json
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from receiver.journal.criteria import Criteria, Page, page_of
from receiver.journal.standings import Standing, read_standings
from receiver.journal.states import State, Work, connection_of, handler_of
from receiver.journal.store import Store, key

AT_A_TIME = 100
Scored = tuple[int, str]
"""When something came, ms, and its name."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Work that nobody tries any more."""

    work: Work
    standing: Standing


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An authentic message that does not fit the schema."""

    message: str
    at: int
    """When it came first, ms."""
    last: int
    times: int
    errors: list[dict[str, Any]]
    payload: str


class Letters:
    """The dead letters and the quarantine."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def dead(self, criteria: Criteria, limit: int, after: str = "") -> Page[Letter]:
        """At most `limit` dead letters, after the one of this cursor."""
        found: list[Letter] = []
        async with aclosing(self.newest_first("dead", criteria, after)) as pieces:
            async for piece in pieces:
                found += await self._letters([name for _, name in piece], criteria)
                if len(found) > limit:
                    break
        return page_of(found, limit, lambda letter: cursor(letter.work.at, letter.work.name))

    async def quarantine(self, criteria: Criteria, limit: int, after: str = "") -> Page[Quarantined]:
        """At most `limit` messages, after the one of this cursor."""
        found: list[Quarantined] = []
        async with aclosing(self.newest_first("quarantine", criteria, after)) as pieces:
            async for piece in pieces:
                found += [one for _, name in piece if (one := await self.quarantined(name)) is not None]
                if len(found) > limit:
                    break
        return page_of(found, limit, lambda one: cursor(one.at, one.message))

    async def quarantined(self, message: str) -> Quarantined | None:
        """A message in the quarantine, if it lies there."""
        at = await self._store.redis.zscore(key("quarantine"), message)
        fields = await self._store.fields(key("quarantined", message), "payload", "errors", "times", "last")
        payload, errors, times, last = (field or "" for field in fields)
        if at is None or not payload:
            return None
        return Quarantined(message, int(at), int(last or 0), int(times or 0), json.loads(errors), payload)

    async def _letters(self, names: Sequence[str], criteria: Criteria) -> list[Letter]:
        names = [name for name in names if criteria.handler in ("", handler_of(name))]
        connections = list({connection_of(name) for name in names})
        handlers = {handler_of(name) for name in names} - {""}
        standings = await read_standings(self._store, connections, handlers, criteria)
        works = {work.name: Letter(work, one) for one in standings.values() for work in one.works}
        return [works[name] for name in names if name in works and works[name].work.state is State.DEAD]

    async def newest_first(
        self, name: str, criteria: Criteria, after: str = ""
    ) -> AsyncGenerator[list[Scored], None]:
        """When each came and what it is, of `dead` or `quarantine`, by the time asked for."""
        oldest: float = 0 if criteria.since is None else criteria.since
        newest: float = math.inf if criteria.until is None else criteria.until
        last = parsed(after) if after else (newest, "")
        skipped = 0
        while True:
            entries = await self._store.redis.zrevrangebyscore(
                key(name), last[0], oldest, start=skipped, num=AT_A_TIME, withscores=True
            )
            found = [
                (int(score), member) for member, score in entries if (score, member) < last or not last[1]
            ]
            yield found
            if len(entries) < AT_A_TIME:
                return
            # More of one moment than are read at a time: what was seen of it is skipped.
            skipped, last = (0, found[-1]) if found else (skipped + AT_A_TIME, last)


def cursor(at: int, name: str) -> str:
    """Where the rows after this one begin."""
    return f"{at}:{name}"


def parsed(after: str) -> tuple[float, str]:
    """Time and name of a cursor. Raises ValueError."""
    at, _, name = after.partition(":")
    if not name:
        raise ValueError("a cursor is a time in ms, a colon and a name")
    return int(at), name
