"""One scene: the routers in it, how their attempts went, and what was seen that is wrong everywhere."""

import asyncio
import traceback
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue

from receiver.api import Connection, Done, Rejected, RetryLater, Skipped
from receiver.describing import describe
from receiver.testing.answers import NoAnswerError
from receiver.testing.contract.leaks import Leaks
from receiver.testing.contract.scenery import Scenery
from receiver.testing.router import FakeRouter, KeptSteps
from receiver.testing.running import Run
from receiver.testing.target import FakeHTTP

OptionsT = TypeVar("OptionsT", bound=BaseModel)

TOO_LONG = 0.2
"""Seconds for which a handler may not hold up the event loop."""
ANSWER = 0.01
"""Seconds, by the loop's clock, that a target takes for an answer: attempts side by side take turns."""
HARD_LIMIT = 120.0
"""Seconds beyond its time, by the loop's clock, after which a handler is given up."""


class SceneOverError(Exception):
    """Nothing more can be seen in this scene."""


class NeverEndsError(SceneOverError):
    """The handler goes on although it was cancelled: it is left to itself, and the suite is over."""


class Play:
    """See above."""

    def __init__(self, scenery: Scenery, told: str) -> None:
        self.scenery = scenery
        self.told = told
        self.runs: list[Run] = []
        self.found: dict[str, list[str]] = {}
        """What was seen, by the name of the finding."""
        self.blocked_at: set[str] = set()
        self.over = False
        """No other scene can follow."""
        self.alone = True
        """Only one attempt is made at a time."""

    def find(self, name: str, seen: str) -> None:
        """Something is wrong."""
        self.found.setdefault(name, []).append(seen)

    def router(self, http: FakeHTTP | None = None, **more: Any) -> "WatchedRouter":
        """A router of its own, with a target of its own."""
        http = http or self.scenery.target()
        http.answer_after(ANSWER)
        return WatchedRouter(self, http, **more)

    def expect_well(self, run: Run, name: str = "fails") -> bool:
        """Find `name` when the attempt failed; whether it did not."""
        if run.overran and run.error is not None:
            self.find("too-slow", f"not done after its {self.scenery.handler.timeout:g} s")
        elif run.error is not None and "forgets-to-await" not in self.found:
            self.find(name, self.scenery.raised(run))
        return run.error is None

    def expect_done(self, run: Run, name: str) -> None:
        """Find `name` when the attempt failed, or gave up what has been well before."""
        if self.expect_well(run, name) and isinstance(run.outcome, Rejected):
            self.find(name, f"it answered {run.outcome!r}")

    def see(self, run: Run, connection: Connection) -> None:
        """Look at an attempt for what is wrong wherever it is seen."""
        self.runs.append(run)
        _let_go(run.error)
        self._outcome(run)
        self._leaks(run, connection)
        if run.blocked >= TOO_LONG and run.blocked_at:
            self.blocked_at.add(run.blocked_at)
        if run.overran and run.error is None and not run.died:
            self.find("swallows-cancellation", f"cancelled, it answered {run.outcome!r}")
        for line in self.scenery.take_attempts_to_connect():
            self.find("goes-around-context", line or "it tried to open a connection")
        for text in self.scenery.take_warnings():
            self.find("forgets-to-await", text)
        if isinstance(run.error, AttributeError | TypeError) and "coroutine" in str(run.error):
            self.find("forgets-to-await", str(run.error))

    def _outcome(self, run: Run) -> None:
        if run.error is None and not run.died and not isinstance(run.outcome, _OUTCOMES):
            name = "forgets-to-await" if asyncio.iscoroutine(run.outcome) else "bad-outcome"
            self.find(name, f"it returned {type(run.outcome).__name__}")
            if asyncio.iscoroutine(run.outcome):
                run.outcome.close()
        if run.setback is not None and run.setback.reason.startswith("ctx.memory cannot be kept"):
            self.find("keeps-what-is-not-json", run.setback.reason)

    def _leaks(self, run: Run, connection: Connection) -> None:
        leaks: Leaks = self.scenery.leaks
        places = {
            "a log line": "\n".join(str(dict(line)) for line in run.log),
            "the outcome": str(run.outcome) if isinstance(run.outcome, _OUTCOMES) else "",
            "the output": self.scenery.take_output(),
        }
        told: set[str] = set()
        for place, text in places.items():
            secret, personal = leaks.secrets(text), leaks.personal(text, connection)
            for what in {*secret, *personal} - told:
                self.find(
                    "leaks-secret" if what in secret else "leaks-personal-data", f"{what} is in {place}"
                )
            if place == "a log line":
                told |= {*secret, *personal}  # log lines are printed too


def _let_go(error: BaseException | None) -> None:
    """Free what the error's frames hold: a coroutine there, never awaited, says so now and not some time."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


_OUTCOMES = (Done, Skipped, RetryLater, Rejected)


class WatchedSteps(KeptSteps):
    """Tells the scene about results that cannot be kept, and knows which steps have been left unfinished."""

    def __init__(self, play: Play) -> None:
        super().__init__()
        self._play = play
        self.unfinished: set[str] = set()

    def begin(self, version: int, handled: int) -> None:
        """An attempt begins."""
        self.unfinished.clear()
        super().begin(version, handled)

    async def recall(self, step: str) -> tuple[JsonValue] | None:
        """The step's result; whoever gets none sets about it now."""
        result = await super().recall(step)
        if result is None:
            self.unfinished.add(step)
        return result

    async def record(self, step: str, result: JsonValue) -> None:
        """Keep the result of a finished step."""
        self.unfinished.discard(step)
        try:
            await super().record(step, result)
        except (TypeError, ValueError, RecursionError) as error:
            self._play.find("keeps-what-is-not-json", f"the step {step!r} cannot be kept: {error}")
            raise


class WatchedRouter(FakeRouter[Any]):
    """Shows what it is told to, asked for or not (a replay does that too); has every attempt looked at."""

    def __init__(self, play: Play, http: FakeHTTP, **more: Any) -> None:
        super().__init__(play.scenery.handler, play.scenery.options, http=http, **more)
        self.steps: WatchedSteps = WatchedSteps(play)
        self._play = play

    @property
    def in_a_step(self) -> bool:
        """Whether the last attempt broke off within a step of ctx.once."""
        return bool(self.steps.unfinished)

    async def show_state(self, status: str, **fields: Any) -> Run:
        """Show a connection in this status."""
        return await self.show(self._play.scenery.states.make(status, **fields))

    def _may_show(self, changed: frozenset[str]) -> None:
        """Anything."""

    async def _run(self, more: dict[str, Any]) -> Run:
        before = asyncio.all_tasks()
        task = asyncio.ensure_future(super()._run(more))
        limit = more.get("timeout") or self.handler.timeout
        await asyncio.wait({task}, timeout=limit + HARD_LIMIT)
        if not task.done():
            self._play.find("swallows-cancellation", "cancelled, it went on and never ended")
            raise NeverEndsError
        try:
            run = task.result()
        except NoAnswerError:
            raise
        except Exception as error:
            if error is not self.http.mistake:
                raise
            self._play.find("stand-in-breaks", f"{describe(error)} ({'; '.join(error.__notes__)})")
            raise SceneOverError from error
        assert self._connection is not None
        self._play.see(run, self._connection)
        if self._play.alone and run.error is None:
            self._end_what_is_left(asyncio.all_tasks() - before)
        return run

    def _end_what_is_left(self, tasks: set[asyncio.Task[Any]]) -> None:
        """Tasks that the handler has begun and not waited for; those of libraries are their own affair."""
        for task in tasks:
            code = getattr(task.get_coro(), "cr_code", None)
            own = code is not None and code.co_filename.startswith(self._play.scenery.guard.home)
            if code is not None and own and not task.done() and not task.cancelling():
                task.cancel()
                self._play.find("forgets-to-await", f"a task runs on when it has answered: {code.co_name}")
