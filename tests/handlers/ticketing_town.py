"""Plays the router for one connection: keeps memory and steps as the journal does, comes back when asked."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import BaseModel, JsonValue

from handlers.ticketing import follow
from handlers.ticketing.memory import key_of
from receiver.api import Change, Connection, Context, Done, Outcome, Rejected, RetryLater, Skipped
from receiver.testing import make_change, make_connection, make_context
from tests.handlers.ticketing_desk import Death, Desk, DeskOptions

HOUR = 3600.0
DAY = 24 * HOUR
MOST_ATTEMPTS = 50
START = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp()


@dataclass
class JournalSteps:
    """The finished steps as Redis holds them: from one success of the handler to the next."""

    kept: dict[str, str] = field(default_factory=dict)
    kept_base: str = ""
    base: str = "0"
    deaths: set[int] = field(default_factory=set)
    """Numbers of the records right before which the process dies."""
    records: int = 0

    async def recall(self, step: str) -> tuple[JsonValue] | None:
        if self.base != self.kept_base or step not in self.kept:
            return None
        return (json.loads(self.kept[step]),)

    async def record(self, step: str, result: JsonValue) -> None:
        self.records += 1
        if self.records in self.deaths:
            raise Death
        if self.kept_base != self.base:
            self.kept, self.kept_base = {}, self.base
        self.kept[step] = json.dumps(result)


@dataclass(kw_only=True)
class Route:
    """One connection on its way to one handler."""

    handle: Callable[[Change, Context[Any]], Awaitable[Outcome]]
    options: BaseModel
    connection: Connection = field(default_factory=lambda: make_connection("PENDING"))
    http: httpx.AsyncClient | None = None
    now: float = START
    memory: str = "{}"
    steps: JournalSteps = field(default_factory=JournalSteps)
    version: int = 1
    handled: int = 0
    due: float | None = None
    history: list[str] = field(default_factory=list)
    """Statuses that the connection had, each as it changed."""

    @property
    def key(self) -> str:
        """The external key."""
        return key_of(self.connection.id)

    async def become(self, status: str, **fields: Any) -> str:
        """The status changes at Nectar, and the handler is shown it."""
        self.turn(status, **fields)
        return await self.deliver()

    def turn(self, status: str, **fields: Any) -> None:
        """The status changes at Nectar, and nobody hears of it yet."""
        fields.setdefault("status_first_seen_time", datetime.fromtimestamp(self.now, UTC).isoformat())
        self.connection = make_connection(status, id=self.connection.id, **fields)
        self.version += 1
        self.history.append(status)

    async def deliver(self, *, dies_at_the_end: bool = False) -> str:
        """One attempt; how it went in a few words. It may die when all is done, before that is recorded."""
        self.due = None
        replay = self.version == self.handled
        self.steps.base = (self.steps.kept_base or "replay") if replay else str(self.handled)
        memory: dict[str, JsonValue] = json.loads(self.memory)
        ctx = make_context(self.options, memory=memory, steps=self.steps, http=self.http)
        change = make_change(self.connection, version=self.version)
        try:
            outcome = await self.handle(change, ctx)
            if dies_at_the_end:
                raise Death
        except Death:
            return "dies"
        except (httpx.HTTPError, PermissionError) as error:
            self.memory = json.dumps(memory)
            return f"fails: {error}"
        self.memory = json.dumps(memory)
        return self._settle(outcome)

    async def until_settled(self) -> str:
        """Attempts until one ends well, or asks for later."""
        for _ in range(MOST_ATTEMPTS):
            went = await self.deliver()
            if went != "dies" and not went.startswith("fails"):
                return went
        raise AssertionError(f"it never ends well: {went}")

    async def wait(self, seconds: float) -> str:
        """Let time pass; the handler is shown the connection when it asked for that. How it went at last."""
        end, went = self.now + seconds, "nothing"
        while self.due is not None and self.due <= end:
            self.now = max(self.now, self.due)
            went = await self.until_settled()
        self.now = end
        return went

    def lose_memory(self) -> None:
        """Redis is lost, and all that was in it."""
        self.memory, self.handled, self.version, self.due = "{}", 0, 1, None
        self.steps.kept, self.steps.kept_base = {}, ""

    def _settle(self, outcome: Outcome) -> str:
        match outcome:
            case RetryLater():
                # At least a second, as in the router.
                self.due = self.now + max(1.0, outcome.seconds)
                return f"later {outcome.seconds / HOUR:g}h"
            case Rejected(reason):
                return f"rejected: {reason}"
            case Done(reference):
                went = f"done {reference}"
            case Skipped(reason):
                went = f"skips: {reason}"
        if self.version != self.handled and self.steps.kept_base != str(self.handled):
            self.steps.kept, self.steps.kept_base = {}, ""
        self.handled = self.version
        return went


class Town(Route):
    """A route to a tracker in memory, whose clock is the route's."""

    def __init__(self, desk: Desk | None = None, options: DeskOptions | None = None) -> None:
        super().__init__(handle=self._follow, options=options or DeskOptions())
        self.desk = desk or Desk()
        self.desk.clock = lambda: self.now

    def tickets(self) -> list[list[str]]:
        """Of each ticket: what was told in it, status by status, and how it stands."""
        return [[*map(told, paper.texts), paper.ticket.state.value] for paper in self.desk.papers.values()]

    async def _follow(self, change: Change, ctx: Context[Any]) -> Outcome:
        return await follow(change, ctx, self.desk, clock=lambda: self.now)


def told(text: str) -> str:
    """The status that a text of ours speaks of, by its last line; of another text, the text."""
    last = text.strip().splitlines()[-1]
    return last.rpartition(" / ")[2] if last.startswith("Ref. nectar-") else text
