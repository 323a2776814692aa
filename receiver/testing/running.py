"""Run a handler once, as the router would, and see all that came of it."""

import asyncio
import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Generic, TypeVar

import httpx
import structlog
from pydantic import BaseModel, JsonValue

from receiver.api import Change, Connection, Context, Handler, Outcome, Skipped, Steps
from receiver.describing import LONGEST_TEXT
from receiver.dispatch import setbacks
from receiver.journal import Setback, kept_memory
from receiver.rehearsal import Effect
from receiver.telemetry import Redactor
from receiver.testing.logs import Line, listening
from receiver.testing.making import LINK, make_context
from receiver.testing.options import make_options
from receiver.testing.target import FakeHTTP, SentRequest
from receiver.testing.threads import in_own_thread
from receiver.testing.watchdog import Watchdog

OptionsT = TypeVar("OptionsT", bound=BaseModel)

ENDED_WELL = ("done", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one attempt."""

    outcome: Outcome | None
    """What the handler answered. None: it raised, or took too long."""
    error: BaseException | None
    """What it raised."""
    setback: Setback | None
    """What the router does when it did not end well (receiver/dispatch/setbacks.py); None: it did."""
    reason: str
    """Why it went so, or what it is called there, as the router records it: without secrets."""
    attempt: int
    idempotency_key: str
    requests: tuple[SentRequest, ...]
    """What was sent in this attempt, oldest first; what was failed or not answered too."""
    effects: tuple[Effect, ...]
    """What was done outside in this attempt, oldest first: requests, and what went by `ctx.outside`."""
    memory: dict[str, JsonValue]
    """As the router would keep it for the next attempt."""
    log: tuple[Line, ...]
    """Log lines, structlog's and the standard library's: `event`, `log_level` and what else they say."""
    took: float
    """Seconds, by the event loop's clock."""
    overran: bool
    """It was cancelled, since its time was up."""
    died: bool
    """The process died in the middle, as `FakeHTTP.die_after` told it to."""
    blocked: float
    """Seconds for which the handler held up the event loop, at the longest: nothing else could run."""
    blocked_at: str
    """The line that did, such as `pager.py:17 in pager: time.sleep(1)`; or nothing."""

    @property
    def went(self) -> str:
        """In the router's words: done, skipped, later, retry, park or reject; dead after the last attempt."""
        if self.died:
            return "died"
        if self.setback is None:
            return "skipped" if isinstance(self.outcome, Skipped) else "done"
        worn_out = self.setback.reaction == "retry" and self.attempt >= self.setback.most
        return "dead" if worn_out else self.setback.reaction

    @property
    def ended_well(self) -> bool:
        """Whether the router is done with it."""
        return self.went in ENDED_WELL

    @property
    def after(self) -> float | None:
        """Seconds until it is tried or shown again, roughly unless the target named them; None: it is not."""
        waits = self.setback is not None and self.went in ("retry", "later")
        return self.setback.delay if self.setback is not None and waits else None


async def run_handler(
    handler: Handler[OptionsT],
    change: Change,
    options: OptionsT | None = None,
    *,
    memory: Mapping[str, JsonValue] | None = None,
    steps: Steps | None = None,
    http: FakeHTTP | httpx.AsyncClient | None = None,
    attempt: int = 1,
    link: str | None = LINK,
    company: Iterable[Connection] = (),
    timeout: float | None = None,  # noqa: ASYNC109 - it is the handler's, and what is tested
) -> Run:
    """Run `handler` for one attempt as the router would; what it raises is in `run.error`.

    `options`: None makes them up. `memory`: as kept from before; `run.memory` has it afterwards. `steps`:
    finished steps of `ctx.once`; hand the same to the next attempt. `http`: None is the handler's stand-in.
    With a FakeHTTP this is a rehearsal, and what goes by `ctx.outside` is only kept; with a client of httpx
    it is in earnest. `link`: what `ctx.reconnect_link()` gives. `company`: what `ctx.company_connections()`
    finds among. `timeout`: seconds; None: the handler's.
    Raises CannotMakeUpError, and what the answers of a FakeHTTP raised by mistake.
    """
    given = make_options(handler.options) if options is None else options
    http = FakeHTTP.of(handler, given) if http is None else http
    fake = http if isinstance(http, FakeHTTP) else None
    kept: dict[str, JsonValue] = copy.deepcopy(dict(memory or {}))
    usual = make_context(given, memory=kept, link=link, attempt=attempt, steps=steps, company=company)
    ctx = replace(
        usual,
        http=http.client if isinstance(http, FakeHTTP) else http,
        log=structlog.get_logger(f"handlers.{handler.name}").bind(version=change.version),
        idempotency_key=_idempotency_key(handler, change),
        rehearsal=fake,
    )
    redactor = Redactor()
    redactor.hide_options(given)
    redactor.hide(link)
    attempted = _Attempt(handler, change, ctx, timeout or handler.timeout, redactor)
    return await attempted.run(fake or FakeHTTP(), before=memory or {})


def run_handler_sync(
    handler: Handler[OptionsT], change: Change, options: OptionsT | None = None, **more: Any
) -> Run:
    """`run_handler` for tests that are no coroutines; takes the same. Also where an event loop is running."""
    return in_own_thread(lambda: run_handler(handler, change, options, **more))


@dataclass(slots=True)
class _Attempt(Generic[OptionsT]):
    """One attempt, and how the handler's own part of it ended."""

    handler: Handler[OptionsT]
    change: Change
    ctx: Context[OptionsT]
    seconds: float
    redactor: Redactor
    outcome: Outcome | None = None
    error: BaseException | None = None
    setback: Setback | None = None
    overran: bool = False

    async def run(self, fake: FakeHTTP, before: Mapping[str, JsonValue]) -> Run:
        """Make it. `before`: the memory, which stays as it was when the process dies."""
        fake.live()
        sent, done, loop = len(fake.requests), len(fake.effects), asyncio.get_running_loop()
        watchdog, began = Watchdog(self.handler), loop.time()
        with listening() as lines, watchdog.watching():
            await self._make()
        if fake.mistake is not None:
            raise fake.mistake
        memory = self.ctx.memory
        kept = kept_memory(memory)
        unkept = kept if isinstance(kept, Setback) else None
        setback = None if fake.died else self.setback or unkept
        return Run(
            outcome=self.outcome,
            error=self.error,
            setback=None if setback is None else replace(setback, reason=self._told(setback.reason)),
            reason=self._told(_detail(self.outcome) if setback is None else setback.reason),
            attempt=self.ctx.attempt,
            idempotency_key=self.ctx.idempotency_key,
            requests=tuple(fake.requests[sent:]),
            effects=tuple(fake.effects[done:]),
            memory=dict(before) if fake.died or isinstance(kept, Setback) else json.loads(kept),
            log=tuple(lines),
            took=loop.time() - began,
            overran=self.overran,
            died=fake.died,
            blocked=watchdog.blocked,
            blocked_at=watchdog.where,
        )

    async def _make(self) -> None:
        """As receiver/dispatch/delivering.py does it."""
        limit = asyncio.timeout(self.seconds)
        try:
            async with limit:
                self.outcome = await self.handler(self.change, self.ctx)
            self.setback = setbacks.of_outcome(self.outcome)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except asyncio.CancelledError as error:
            if _is_stopping():
                raise
            self._failed(error)
        except BaseException as error:  # noqa: BLE001 - a handler may fail in any way, by sys.exit() too
            self._failed(error)
            if isinstance(error, TimeoutError) and limit.expired():
                self.setback = setbacks.of_timeout(self.seconds, self.ctx.attempt)
        self.overran = limit.expired()

    def _failed(self, error: BaseException) -> None:
        self.error = error
        self.setback = setbacks.of_handler(error, self.ctx.attempt, self.redactor.trace(error))

    def _told(self, text: str) -> str:
        return self.redactor.text(text)[:LONGEST_TEXT]


def _detail(outcome: Outcome | None) -> str:
    said = getattr(outcome, "reference", None) or getattr(outcome, "reason", None)
    return str(said or "")


def _idempotency_key(handler: Handler[Any], change: Change) -> str:
    """The same for each attempt at a version, another for each version, handler and connection."""
    return sha256(f"{handler.name}:{change.connection.id}:{change.version}".encode()).hexdigest()[:40]


def _is_stopping() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
