"""What a handler is given beside the change."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol

import httpx
from pydantic import BaseModel, JsonValue
from structlog.typing import FilteringBoundLogger
from typing_extensions import TypeVar

OptionsT = TypeVar("OptionsT", bound=BaseModel, default=BaseModel)
ResultT = TypeVar("ResultT", bound=JsonValue)


class Steps(Protocol):
    """Where finished steps are kept (in Redis; in tests wherever they like)."""

    async def recall(self, step: str) -> tuple[JsonValue] | None:
        """The step's result, wrapped, or None when it has not finished yet."""

    async def record(self, step: str, result: JsonValue) -> None:
        """Keep the result of a finished step."""


class Rehearsal(Protocol):
    """Keeps what would have been done, where nothing may be: in shadow mode, a dry run or a test."""

    async def keep(self, kind: str, what: Mapping[str, JsonValue]) -> None:
        """Keep one effect: of which kind, and what there is to say about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Generic[OptionsT]):
    """What a handler is given beside the change."""

    options: OptionsT
    http: httpx.AsyncClient
    """Has time-outs; does not follow redirects. Close nothing, it is shared. In a rehearsal nothing is sent:
    requests are kept, and answered by the handler's stand-in."""
    log: FilteringBoundLogger
    """Carries handler, connection and version already; masks secrets and addresses."""
    attempt: int
    """1 at the first."""
    idempotency_key: str
    """The same for every attempt at this version; hand it to systems that deduplicate."""
    memory: dict[str, JsonValue]
    """Small values kept for this handler and connection, such as a ticket's id: JSON, 16 KiB of it at most.
    Saved after each attempt, failed ones too, and kept as long as the connection is known."""
    steps: Steps = field(repr=False)
    make_link: Callable[[], Awaitable[str | None]] = field(repr=False)
    rehearsal: Rehearsal | None = field(default=None, repr=False)
    """None when this is in earnest."""

    async def once(self, step: str, effect: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Await `effect` unless `step` has finished before, and return its result, then or now.

        What finished stays finished over retries, over newer versions and in a replay, until the handler
        has succeeded. The result must be JSON, 16 KiB at most. A process that dies after the effect and
        before the record runs the effect again: at least once, not exactly once.
        """
        if (finished := await self.steps.recall(step)) is not None:
            return finished[0]  # type: ignore[return-value]  # it is what `effect` returned, by way of JSON
        result = await effect()
        await self.steps.record(step, result)
        return result

    async def outside(
        self,
        kind: str,
        what: Mapping[str, JsonValue],
        effect: Callable[[], Awaitable[ResultT]],
        *,
        instead: ResultT,
    ) -> ResultT:
        """Await `effect`, which reaches the outside by another way than `http`; return its result.

        In a rehearsal `effect` is not run: `kind` (such as "mail") and `what` are kept, and `instead` is
        returned. Say nothing secret in `what`.
        """
        if self.rehearsal is None:
            return await effect()
        await self.rehearsal.keep(kind, what)
        return instead

    async def reconnect_link(self) -> str | None:
        """The page where the owner mends the connection, by the setting RECONNECT_LINK; None: no link.

        Fetched or made when asked for. It lets its bearer edit credentials: send it to the owner and
        nowhere else. Raises the errors of Nectar's API, which are tried again.
        """
        return await self.make_link()
