"""`@handler`, and what it makes."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from receiver.api.change import Change
from receiver.api.context import Context, OptionsT
from receiver.api.outcomes import Outcome
from receiver.schema import Connection

Run: TypeAlias = Callable[[Change, Context[OptionsT]], Awaitable[Outcome]]
Preflight: TypeAlias = Callable[[OptionsT, httpx.AsyncClient], Awaitable[str]]
Setup: TypeAlias = Callable[[OptionsT, httpx.AsyncClient], Awaitable[Sequence[str]]]
Answer: TypeAlias = Callable[[httpx.Request], httpx.Response]
StandIn: TypeAlias = Callable[[OptionsT], Answer]


class Schedule(BaseModel):
    """When and how often a handler may run. Operators override each by NAME_FIELD: PAGER_RATE=5."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    timeout: float = Field(default=30, gt=0, description="Seconds for one attempt.")
    concurrency: int | None = Field(
        default=None, ge=1, le=1000, description="Deliveries at a time, by each worker. None: WORKER_JOBS."
    )
    rate: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="Requests a second, of all workers together. None: no limit.",
    )
    failures_to_open: int = Field(
        default=5, ge=1, description="Failures in a row of the target that open the handler's breaker."
    )


@dataclass(slots=True, eq=False)
class Handler(Generic[OptionsT]):
    """A handler as the registry knows it. Made by `@handler`; call it as the function that it was."""

    name: str
    run: Run[OptionsT]
    options: type[OptionsT]
    changed: frozenset[str] | None
    schedule: Schedule
    check: Preflight[OptionsT] | None = None
    double: StandIn[OptionsT] | None = None
    make: Setup[OptionsT] | None = None

    @property
    def timeout(self) -> float:
        """Seconds for one attempt, as declared."""
        return self.schedule.timeout

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.run) or "").partition("\n")[0]

    def concerns(self, changed: Iterable[str]) -> bool:
        """Whether a change in these attributes is one that the handler asked to be shown."""
        return self.changed is None or not self.changed.isdisjoint(changed)

    def preflight(self, check: Preflight[OptionsT]) -> Preflight[OptionsT]:
        """Decorator: a coroutine that tells whether the target can be reached with these options.

        It changes nothing there, returns what it found in a few words, and raises when something is wrong.
        """
        self.check = check
        return check

    def setup(self, make: Setup[OptionsT]) -> Setup[OptionsT]:
        """Decorator: a coroutine that makes at the target what the handler needs to find there.

        It returns a line for each thing that it made. Run again it makes nothing.
        """
        self.make = make
        return make

    def stand_in(self, double: StandIn[OptionsT]) -> StandIn[OptionsT]:
        """Decorator: a function that makes a stand-in for the target, for rehearsals.

        It is given the options and returns what answers a request as the target would. Each rehearsal has one
        of its own, so it may remember what it was sent. A handler without one is answered `{"id": ...}`.
        """
        self.double = double
        return double

    async def __call__(self, change: Change, ctx: Context[OptionsT]) -> Outcome:
        """Run the handler."""
        return await self.run(change, ctx)


class NoOptions(BaseModel):
    """The options of a handler that has none."""


def handler(
    name: str,
    *,
    options: type[OptionsT] = NoOptions,  # type: ignore[assignment]  # a default for a type variable
    changed: Iterable[str] | None = None,
    timeout: float = 30,
    concurrency: int | None = None,
    rate: float | None = None,
    failures_to_open: int = 5,
) -> Callable[[Run[OptionsT]], Handler[OptionsT]]:
    """Make a handler of `async def f(change, ctx) -> Outcome`.

    `name`: as in HANDLERS; its options come from the environment, NAME_FIELD for each field of `options`.
    `changed`: run only when one of these attributes of `Connection` changed; None: on any change.
    The others are its `Schedule`; the environment overrides them unless `options` has a field of that name.
    """
    if not (isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name)):
        raise ValueError(f"handler name {name!r}: use lower case letters and digits, words joined by '-'")
    if name == "nectar":
        raise ValueError("handler name 'nectar': taken by Nectar itself, among what work may wait for")
    wanted = None if changed is None else frozenset([changed] if isinstance(changed, str) else changed)
    if unknown := sorted((wanted or frozenset()) - Connection.model_fields.keys()):
        raise ValueError(
            f"handler {name!r}: changed={unknown} are no attributes of Connection; "
            f"there are {', '.join(sorted(Connection.model_fields))}"
        )
    schedule = _schedule(
        name, timeout=timeout, concurrency=concurrency, rate=rate, failures_to_open=failures_to_open
    )

    def make(run: Run[OptionsT]) -> Handler[OptionsT]:
        if not inspect.iscoroutinefunction(run) or not _takes_two(run):
            raise TypeError(f"handler {name!r}: expected 'async def f(change, ctx)', got {run!r}")
        return Handler(name, run, options, wanted, schedule)

    return make


def _schedule(name: str, **declared: float | None) -> Schedule:
    try:
        return Schedule.model_validate(declared)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(f"handler {name!r}: {wrong['loc'][0]}={wrong['input']!r}: {wrong['msg']}") from None


def _takes_two(run: Callable[..., Any]) -> bool:
    try:
        inspect.signature(run).bind(None, None)
    except TypeError:
        return False
    return True
