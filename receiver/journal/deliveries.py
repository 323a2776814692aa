"""Deliveries: what a handler is shown, what it remembers, and how it ended."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from pydantic import JsonValue
from pydantic_core import from_json
from redis.exceptions import RedisError

from receiver.journal.store import Store, compact, key
from receiver.journal.worklist import MOST_CHANGES, Briefing, Claim, Setback

LONGEST_MEMORY = 16 * 1024
"""Bytes of JSON that a handler may keep for one connection, and that one step may return."""


class Pending(NamedTuple):
    """A delivery as the journal knows it, beside the connection as last fetched."""

    version: int
    snapshot: str
    handled_version: int
    """The version that the handler last succeeded with; 0 when it never has."""
    handled_status: str | None
    handled_mark: str
    mark: str
    """The newest event that a fetch covers: the version stands for all up to here."""
    fetched: str
    """When the version was fetched, ms."""
    changed: frozenset[str] | None
    """What changed since the handler last succeeded; None: everything may have."""
    events: tuple[tuple[str, str], ...]
    """Message id and type of the webhooks behind it, oldest first."""
    memory: dict[str, JsonValue]
    steps_base: str | None
    """The version that the handler had last succeeded with when the steps kept were taken."""
    refetch: bool
    """The handler asked to be shown the connection freshly fetched."""


class Deliveries:
    """The journal as the deliver job sees it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, claim: Claim) -> Pending:
        """What there is to deliver by the one who has it in hand."""
        if claim.briefing is not None:
            return pending(claim.briefing)
        _, handler, connection = claim.work.split(":")
        return await self.pending(handler, connection)

    async def pending(self, handler: str, connection: str) -> Pending:
        """What there is to deliver."""
        return pending(await self._store.run("pending", handler, connection, MOST_CHANGES))

    async def settle(self, claim: Claim, pending: Pending, outcome: "Ended", took: float) -> bool:
        """Record a delivery that ended well; False when it was in this hand no longer."""
        _, handler, connection = claim.work.split(":")
        answer = await self._store.run(
            "handled",
            *(handler, connection, claim.token, pending.version, outcome.status, pending.mark),
            *(outcome.memory, outcome.word, outcome.detail, int(took * 1000)),
        )
        return answer is not None

    async def await_fetch(self, claim: Claim) -> None:
        """Put the delivery aside until the connection has been fetched afresh."""
        _, handler, connection = claim.work.split(":")
        await self._store.run("await_fetch", handler, connection, claim.token)


def pending(briefing: Briefing) -> Pending:
    """What there is to deliver, of what the journal's scripts say of it (begin.lua)."""
    version, snapshot, covered, handled, status, mark, memory, refetch, steps_base, fetched = briefing[:10]
    changed, events = briefing[10::2], briefing[11::2]
    complete = handled and len(changed) == int(version or 0) - int(handled)
    return Pending(
        version=int(version or 0),
        snapshot=snapshot or "",
        handled_version=int(handled or 0),
        handled_status=status,
        handled_mark=mark or "",
        mark=covered or "",
        fetched=fetched or "",
        changed=_changed(changed) if complete else None,
        events=_events(events),
        memory=from_json(memory) if memory else {},
        steps_base=steps_base,
        refetch=bool(refetch),
    )


class Ended(NamedTuple):
    """How a delivery ended well."""

    word: str
    detail: str
    status: str
    memory: str = "{}"
    """As JSON."""


def kept_memory(memory: dict[str, JsonValue]) -> str | Setback:
    """A handler's memory as it is kept. If it cannot be, what to do: another attempt would be of no use."""
    if not memory:
        return "{}"
    try:
        text = compact(memory)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        return Setback("reject", f"ctx.memory cannot be kept: {error}; put only JSON values there")
    if size > LONGEST_MEMORY:
        return Setback("reject", f"ctx.memory cannot be kept: {size} bytes of JSON, at most {LONGEST_MEMORY}")
    return text


class LostClaim(Exception):  # noqa: N818 - it says what happened; nothing is wrong with this process
    """The lease ran out and another took the work over, or the journal is away and it will: what this hand
    still does cannot be recorded."""


class RecordedSteps:
    """The finished steps of one delivery (`receiver.api.Steps`)."""

    def __init__(self, store: Store, claim: Claim, pending: Pending) -> None:
        self._store = store
        self._claim = claim
        self._pending = pending

    async def recall(self, step: str) -> tuple[JsonValue] | None:
        """The step's result, wrapped, or None when it has not finished yet."""
        _, handler, connection = self._claim.work.split(":")
        with journal_needed():
            base, result = await self._store.fields(key("steps", handler, connection), "base", f"step:{step}")
        return (json.loads(result),) if base == self._base() and result is not None else None

    async def record(self, step: str, result: JsonValue) -> None:
        """Keep the result of a finished step. Raises LostClaim."""
        text = compact(result)
        if len(text) > LONGEST_MEMORY:
            raise ValueError(f"step {step!r} returned more than {LONGEST_MEMORY} bytes of JSON")
        _, handler, connection = self._claim.work.split(":")
        fence = (handler, connection, self._claim.token)
        with journal_needed():
            kept = await self._store.run("record_step", *fence, self._base(), step, text)
        if kept is None:
            raise LostClaim(f"step {step!r} finished after the lease had run out")

    def _base(self) -> str:
        handled = self._pending.handled_version
        if self._pending.version != handled:
            return str(handled)
        # In a replay of what the handler has succeeded with, the steps of that success count.
        return self._pending.steps_base or "replay"


@contextmanager
def journal_needed() -> Iterator[None]:
    """Work in hand cannot go on without the journal. Raises LostClaim for a RedisError."""
    try:
        yield
    except RedisError as error:
        raise LostClaim(f"the journal is away ({type(error).__name__})") from error


def _changed(versions: Iterable[str | None]) -> frozenset[str]:
    return frozenset([name for names in versions if names for name in from_json(names)])


def _events(versions: Sequence[str | None]) -> tuple[tuple[str, str], ...]:
    entries = [entry for events in reversed(versions) if events for entry in from_json(events)]
    return tuple(
        [tuple(from_json(entry.partition(" ")[2], cache_strings="none")) for entry in entries[-100:]]
    )
