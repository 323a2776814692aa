"""The router around one handler and one connection, without Redis: what it is shown, and what is kept."""

import json
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, JsonValue

from receiver.api import Change, Connection, Event, Handler, Status
from receiver.diff import changed_fields
from receiver.testing.making import LINK, MemorySteps
from receiver.testing.options import make_options
from receiver.testing.running import Run, run_handler
from receiver.testing.target import FakeHTTP
from receiver.testing.threads import in_own_thread

OptionsT = TypeVar("OptionsT", bound=BaseModel)


class KeptSteps(MemorySteps):
    """Finished steps as the journal keeps them: from one success of the handler to the end of the next."""

    def __init__(self) -> None:
        super().__init__()
        self._taken_at = 0
        """The version last succeeded with when the steps were taken."""
        self._now_at = 0

    def begin(self, version: int, handled: int) -> None:
        """An attempt at `version` begins; `handled`: the version last succeeded with, 0 for none."""
        # In a replay of what the handler has succeeded with, the steps of that success count.
        self._now_at = self._taken_at if version == handled else handled

    def succeed(self, version: int, handled: int) -> None:
        """The attempt ended well: a replay of it must not take steps of an earlier success for its own."""
        if version != handled and self._taken_at != handled:
            self.finished.clear()

    async def recall(self, step: str) -> tuple[JsonValue] | None:
        """The step's result, wrapped, or None when it has not finished yet."""
        return await super().recall(step) if self._taken_at == self._now_at else None

    async def record(self, step: str, result: JsonValue) -> None:
        """Keep the result of a finished step."""
        if self._taken_at != self._now_at:
            self.finished.clear()
            self._taken_at = self._now_at
        await super().record(step, result)


class FakeRouter(Generic[OptionsT]):
    """Shows a handler one state of a connection after another, and keeps what the router would keep.

        router = FakeRouter(pager)
        await router.show(make_connection("PASSWORD_INCORRECT"))
        await router.show(make_connection("CONNECTED"))
        assert router.http.requests[-1].method == "DELETE"

    `http`: the target; None is the handler's stand-in. What it is told (`router.http.refuse()`) befalls the
    attempts that follow.
    """

    def __init__(
        self,
        handler: Handler[OptionsT],
        options: OptionsT | None = None,
        *,
        http: FakeHTTP | None = None,
        link: str | None = LINK,
    ) -> None:
        self.handler = handler
        self.options = make_options(handler.options) if options is None else options
        self.http = FakeHTTP.of(handler, self.options) if http is None else http
        self.memory: dict[str, JsonValue] = {}
        self.steps: KeptSteps = KeptSteps()
        self.version = 0
        self.handled_version = 0
        """The version that the handler last succeeded with; 0: with none yet."""
        self.handled_status: Status | None = None
        self.runs: list[Run] = []
        """All attempts so far."""
        self._link = link
        self._attempt = 1
        self._changed: frozenset[str] = frozenset()
        self._connection: Connection | None = None
        self._events: list[Event] = []

    async def show(self, connection: Connection, *, missed: int = 0, **more: Any) -> Run:
        """Show a new state. `missed`: so many versions came in between that the handler was not shown.

        `more`: as `run_handler` takes it. Raises ValueError when nothing is new about the connection, or
        nothing that the handler asked to be shown: the router would make no delivery.
        """
        changed = self._changed | changed_fields(self._connection, connection)
        self._may_show(changed)
        self._connection, self._changed = connection, changed
        self.version += 1 + missed
        self._events.append(Event(f"msg_{self.version}", "connection.updated.v2"))
        self._attempt = 1
        return await self._run(more)

    async def show_again(self, **more: Any) -> Run:
        """Show the same again: another attempt after a failure, or else a replay."""
        if self._connection is None:
            raise ValueError("show something first")
        return await self._run(more)

    def show_sync(self, connection: Connection, **more: Any) -> Run:
        """`show` for tests that are no coroutines."""
        return in_own_thread(lambda: self.show(connection, **more))

    def show_again_sync(self, **more: Any) -> Run:
        """`show_again` for tests that are no coroutines."""
        return in_own_thread(lambda: self.show_again(**more))

    def _may_show(self, changed: frozenset[str]) -> None:
        if not changed or not self.handler.concerns(changed):
            asked = ", ".join(sorted(self.handler.changed or ())) or "any change"
            raise ValueError(f"{self.handler.name} is not shown this: it asked for {asked}; use show_again()")

    @property
    def company(self) -> Sequence[Connection]:
        """What `ctx.company_connections()` finds."""
        return () if self._connection is None else (self._connection,)

    async def _run(self, more: dict[str, Any]) -> Run:
        assert self._connection is not None
        self.steps.begin(self.version, self.handled_version)
        change = Change(
            connection=self._connection,
            previous_status=self.handled_status,
            changed=self._changed,
            events=tuple(self._events),
            version=self.version,
        )
        usual: dict[str, Any] = {"link": self._link, "company": self.company}
        run = await run_handler(
            self.handler,
            change,
            self.options,
            memory=self.memory,
            steps=self.steps,
            http=self.http,
            attempt=self._attempt,
            **{**usual, **more},
        )
        self._record(run)
        return run

    def _record(self, run: Run) -> None:
        self.runs.append(run)
        # By way of JSON, as in the journal.
        self.memory = json.loads(json.dumps(run.memory))
        if run.ended_well:
            assert self._connection is not None
            self.steps.succeed(self.version, self.handled_version)
            self.handled_version, self.handled_status = self.version, self._connection.status
            self._changed, self._events = frozenset(), []
            self._attempt = 1
        elif run.went == "retry":
            self._attempt += 1
        elif run.went == "later":
            self._attempt = 1
