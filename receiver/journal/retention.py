"""Forgetting what is old: by age and by number, and never what is not finished."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from receiver.journal.store import Store, key

DAY = 24 * 3600 * 1000
"""Milliseconds."""
PAGE = 500
NOT_OLD = 2**53
"""Later than any time."""
EVERY = 3600
"""Seconds between two prunings, whichever worker does them."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long things are kept."""

    days: float = 30
    """Events, and what was tried."""
    dead_days: float = 90
    """Dead letters, and what lies in the quarantine."""
    most_events: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was forgotten."""

    events: int
    attempts: int
    dead: int
    quarantined: int


class Retention:
    """Prunes the journal."""

    def __init__(self, store: Store, keep: Keep) -> None:
        self._store = store
        self._keep = keep

    async def prune_in_turn(self) -> Pruned | None:
        """Prune, unless one of the workers has done so within the hour."""
        if not await self._store.redis.set(key("pruned"), "1", nx=True, ex=EVERY):
            return None
        return await self.prune()

    async def prune(self) -> Pruned:
        """Forget what is past its time."""
        seconds, micros = await self._store.redis.time()
        now = seconds * 1000 + micros // 1000
        old, long_ago = (max(0, int(now - days * DAY)) for days in (self._keep.days, self._keep.dead_days))
        events = await self._events_before(old) if await self._has_too_many_events(old) else 0
        for handler in await self._store.members(key("handlers")):
            await self._store.redis.xtrim(key("rehearsed", handler), minid=str(old), approximate=True)
        return Pruned(
            events=events,
            attempts=await self._store.redis.xtrim(key("attempts"), minid=str(old), approximate=True),
            dead=await self._dead_before(long_ago),
            quarantined=await self._quarantined_before(long_ago),
        )

    async def _has_too_many_events(self, old: int) -> bool:
        """Whether there is anything to forget: to look for what is unfinished takes a while."""
        oldest = await self._store.redis.xrange(key("events"), count=1)
        if not oldest:
            return False
        too_old = _milliseconds(oldest[0][0]) < old
        return too_old or await self._store.redis.xlen(key("events")) >= self._keep.most_events + PAGE

    async def _events_before(self, old: int) -> int:
        unfinished = await self._oldest_unfinished()
        floor = str(min(old, unfinished))
        events: int = await self._store.redis.xtrim(key("events"), minid=floor, approximate=True)
        return events + await self._beyond_number(unfinished)

    async def _oldest_unfinished(self) -> int:
        """When the oldest event was accepted whose work is waiting, in hand or parked, ms since the epoch."""
        oldest = NOT_OLD
        async for works in self._unfinished():
            async with self._store.redis.pipeline(transaction=False) as pipe:
                for work in works:
                    connection = work.rpartition(":")[2]
                    pipe.lindex(key("inbox", connection), 0)
                    pipe.hget(key(work), "mark")
                    pipe.xrange(key("changes", connection), count=1)
                answers = await pipe.execute()
            found = (answers[place : place + 3] for place in range(0, len(answers), 3))
            oldest = min([oldest, *(_oldest(*each) for each in found)])
        return oldest

    async def _unfinished(self) -> AsyncIterator[list[str]]:
        breakers = await self._store.members(key("breakers"))
        for name in (key("due"), *(key("parked", breaker) for breaker in breakers)):
            cursor = 0
            while True:
                cursor, page = await self._store.redis.zscan(name, cursor, count=PAGE)
                yield [work for work, _ in page]
                if cursor == 0:
                    break

    async def _beyond_number(self, unfinished: int) -> int:
        """Forget the oldest events beyond the number to keep, as far as they are finished."""
        pruned = 0
        while await self._store.redis.xlen(key("events")) >= self._keep.most_events + PAGE:
            page = await self._store.redis.xrange(key("events"), count=PAGE)
            last = page[-1][0]
            if _milliseconds(last) >= unfinished:
                break
            pruned += await self._store.redis.xtrim(key("events"), minid=last, approximate=False)
        return pruned

    async def _dead_before(self, moment: int) -> int:
        works = await self._before(key("dead"), moment)
        async with self._store.redis.pipeline(transaction=True) as pipe:
            for work in works:
                pipe.zrem(key("dead"), work)
                pipe.hdel(key("dead", work.rpartition(":")[2]), work)
            await pipe.execute()
        return len(works)

    async def _quarantined_before(self, moment: int) -> int:
        messages = await self._before(key("quarantine"), moment)
        async with self._store.redis.pipeline(transaction=True) as pipe:
            for message in messages:
                pipe.zrem(key("quarantine"), message)
                pipe.delete(key("quarantined", message))
            await pipe.execute()
        return len(messages)

    async def _before(self, index: str, moment: int) -> list[str]:
        found: list[str] = await self._store.redis.zrange(index, 0, moment, byscore=True, offset=0, num=PAGE)
        return found


def _oldest(waiting: str | None, finished: str | None, changes: list[tuple[str, dict[str, str]]]) -> int:
    """The oldest event of a connection that may not be finished.

    `waiting`: the oldest that no fetch covers. `finished`: the newest that a delivery has settled; where it
    never has, the first that led to a change stands for it.
    """
    if finished is None and changes:
        events = json.loads(changes[0][1]["events"])
        finished = events[0] if events else changes[0][1]["upto"]
    return min(_milliseconds(waiting), _milliseconds(finished))


def _milliseconds(mark: str | None) -> int:
    """When the event of a mark, or of an entry that begins with one, was accepted."""
    return int(mark.partition("-")[0]) if mark else NOT_OLD
