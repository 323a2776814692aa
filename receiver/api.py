"""The handler contract: all that a handler needs, and the only module of the receiver that it imports.

A handler is level-triggered: it is shown how a connection stands now and brings the other system to that
state, whatever it missed in between. It says how that went with an `Outcome`, or raises:

- an httpx error for 429, 5xx, a time-out or a broken connection: tried again, `Retry-After` honoured;
- one for 401 or 403, or `PermissionError`: the target refuses us, so the handler is parked until it does not;
- one for another 4xx: rejected, a person must look;
- `ConnectionError` or `TimeoutError`: the target is down, tried again;
- anything else: tried again with backoff until the attempts are used up, then kept as a dead letter.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias

import httpx
from pydantic import BaseModel, JsonValue
from structlog.typing import FilteringBoundLogger
from typing_extensions import TypeVar

from receiver.schema import Connection, Status

__all__ = [
    "Change",
    "Connection",
    "Context",
    "Done",
    "Handler",
    "Outcome",
    "Rejected",
    "RetryLater",
    "Skipped",
    "Status",
    "handler",
]

OptionsT = TypeVar("OptionsT", bound=BaseModel, default=BaseModel)
ResultT = TypeVar("ResultT", bound=JsonValue)


@dataclass(frozen=True, slots=True)
class Done:
    """The other system now shows this state. `reference` is what it calls it there: a ticket's id."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """There was nothing to do, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Show me the connection again, freshly fetched, `after` so many seconds. Uses up no attempt."""

    after: float | timedelta
    reason: str = ""

    @property
    def seconds(self) -> float:
        """`after` in seconds, never negative."""
        after = self.after.total_seconds() if isinstance(self.after, timedelta) else self.after
        return max(0.0, after)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The other system will never take this; trying again is of no use. Becomes a dead letter."""

    reason: str


Outcome: TypeAlias = Done | Skipped | RetryLater | Rejected


class Event(NamedTuple):
    """One webhook: the id that Nectar gave the message, and its type."""

    id: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a connection stands, and what is new about it to this handler."""

    connection: Connection
    """As Nectar answered it after the newest of `events` was accepted."""
    previous_status: Status | None
    """As this handler last handled it; None the first time."""
    changed: frozenset[str]
    """Names of `Connection`'s attributes that changed since this handler last succeeded."""
    events: tuple[Event, ...]
    """The webhooks behind it, oldest first; of a long burst the newest."""
    version: int
    """Grows by one with each change of this connection; for one handler it never goes back."""


class Steps(Protocol):
    """Where finished steps are kept (in Redis; in tests wherever they like)."""

    async def recall(self, step: str) -> tuple[JsonValue] | None:
        """The step's result, wrapped, or None when it has not finished yet."""

    async def record(self, step: str, result: JsonValue) -> None:
        """Keep the result of a finished step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Generic[OptionsT]):
    """What a handler is given beside the change."""

    options: OptionsT
    http: httpx.AsyncClient
    """Has time-outs; does not follow redirects. Close nothing, it is shared."""
    log: FilteringBoundLogger
    """Carries handler, connection and version already; masks secrets and addresses."""
    attempt: int
    """1 at the first."""
    idempotency_key: str
    """The same for every attempt at this version; hand it to systems that deduplicate."""
    memory: dict[str, JsonValue]
    """Small values kept for this handler and connection, such as a ticket's id; saved after each attempt."""
    steps: Steps = field(repr=False)
    make_link: Callable[[], Awaitable[str | None]] = field(repr=False)

    async def once(self, step: str, effect: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Await `effect` unless `step` has finished before, and return its result, then or now.

        What finished stays finished over retries, over newer versions and in a replay, until the handler
        has succeeded. The result must be JSON. A process that dies after the effect and before the record
        runs the effect again: at least once, not exactly once.
        """
        if (finished := await self.steps.recall(step)) is not None:
            return finished[0]  # type: ignore[return-value]  # it is what `effect` returned, by way of JSON
        result = await effect()
        await self.steps.record(step, result)
        return result

    async def reconnect_link(self) -> str | None:
        """The page where the owner mends the connection, by the setting RECONNECT_LINK; None: no link.

        Fetched or made when asked for. It lets its bearer edit credentials: send it to the owner and
        nowhere else. Raises the errors of Nectar's API, which are tried again.
        """
        return await self.make_link()


Run: TypeAlias = Callable[[Change, Context[OptionsT]], Awaitable[Outcome]]
Preflight: TypeAlias = Callable[[OptionsT, httpx.AsyncClient], Awaitable[str]]


@dataclass(slots=True, eq=False)
class Handler(Generic[OptionsT]):
    """A handler as the registry knows it. Made by `@handler`; call it as the function that it was."""

    name: str
    run: Run[OptionsT]
    options: type[OptionsT]
    changed: frozenset[str] | None
    timeout: float
    check: Preflight[OptionsT] | None = None

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
) -> Callable[[Run[OptionsT]], Handler[OptionsT]]:
    """Make a handler of `async def f(change, ctx) -> Outcome`.

    `name`: as in HANDLERS; its options come from the environment, NAME_FIELD for each field of `options`.
    `changed`: run only when one of these attributes of `Connection` changed; None: on any change.
    `timeout`: seconds for one attempt.
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
    if not timeout > 0:
        raise ValueError(f"handler {name!r}: timeout must be more than 0 seconds, not {timeout}")

    def make(run: Run[OptionsT]) -> Handler[OptionsT]:
        if not inspect.iscoroutinefunction(run) or not _takes_two(run):
            raise TypeError(f"handler {name!r}: expected 'async def f(change, ctx)', got {run!r}")
        return Handler(name, run, options, wanted, timeout)

    return make


def _takes_two(run: Callable[..., Any]) -> bool:
    try:
        inspect.signature(run).bind(None, None)
    except TypeError:
        return False
    return True
