"""Who is to be told what, and what is remembered of it: pure functions over statuses and a memory.

A place is told of trouble once for each status, and that the connection works again only if it was told of
trouble since it last worked.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from receiver.api import Status

MINUTE, HOUR = 60.0, 3600.0


class Told(BaseModel):
    """What one place was last told about one connection."""

    model_config = ConfigDict(frozen=True)

    number: int = 0
    """How many messages it got: the next one's step is named by it."""
    status: str = ""
    """What the last one spoke of; empty: nothing that matters now."""

    def then(self, status: str) -> "Told":
        """After one more message."""
        return Told(number=self.number + 1, status=status)


class Memory(BaseModel):
    """What is remembered of one connection, by the places' digests. No URL is."""

    model_config = ConfigDict(frozen=True)

    told: dict[str, Told] = {}
    failures: int = 0
    """How often places failed since all were last told."""

    @property
    def pause(self) -> float:
        """Seconds before those that failed are tried again: from a minute to an hour."""
        return min(HOUR, MINUTE * 2.0 ** min(self.failures - 1, 10))

    def of(self, place: str) -> Told:
        """What a place was last told."""
        return self.told.get(place, Told())

    def with_told(self, place: str, told: Told) -> "Memory":
        """After a message to one place."""
        return self.model_copy(update={"told": {**self.told, place: told}})

    def with_failure(self) -> "Memory":
        """After some place was not told."""
        return self.model_copy(update={"failures": self.failures + 1})

    def without_failure(self) -> "Memory":
        """After all were told."""
        return self.model_copy(update={"failures": 0})

    def looked_at(self, status: Status, places: Iterable[str]) -> "Memory":
        """Before anybody is told of `status`: without places that are gone and, in trouble, without the last
        recovery, so that the next one is told."""
        known = set(places)
        kept = {place: told for place, told in self.told.items() if place in known}
        if not status.healthy:
            over = {place: Told(number=told.number) for place, told in kept.items() if _is_over(told)}
            kept |= over
        return self.model_copy(update={"told": kept})


def due(status: Status, routed: Iterable[str], memory: Memory) -> list[str]:
    """The places that are to be told of `status` now. `routed`: where that status goes."""
    places = [*routed]
    if status.healthy:
        troubled = [place for place, told in memory.told.items() if told.status and not _is_over(told)]
        # Those who hear of recoveries only hear of those that anybody waited for.
        places = list(dict.fromkeys([*troubled, *places])) if troubled else []
    return [place for place in places if memory.of(place).status != status]


def _is_over(told: Told) -> bool:
    return Status(told.status).healthy
