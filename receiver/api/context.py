"""What a handler is given beside the change."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol
from uuid import UUID

import httpx
from pydantic import BaseModel, JsonValue
from structlog.typing import FilteringBoundLogger
from typing_extensions import TypeVar

from receiver.schema import Connection

OptionsT = TypeVar("OptionsT", bound=BaseModel, default=BaseModel)
ResultT = TypeVar("ResultT", bound=JsonValue)


class Steps(Protocol):
    """Where finished steps are kept (in Redis; in tests wherever they like)."""

    async def recall(self, step: str) -> tuple[JsonValue] | None:
        """The step's result, wrapped, or None when it has not finished yet."""

    async def record(self, step: str, result: JsonValue) -> None:
        """Keep the result of a finished step."""


class CompanyListing(Protocol):
    """Where the connections of a company are listed (at Nectar; in tests wherever they like)."""

    async def __call__(self, company_id: UUID, /) -> Sequence[Connection]:
        """All connections of the company, each as it stands now or was shown to a delivery before this call,
        whichever is newer. None when there is no such company."""


async def _no_listing(company_id: UUID, /) -> Sequence[Connection]:
    raise NotImplementedError("nothing lists the connections of a company here")


class Rehearsal(Protocol):
    """Keeps what would have been done, where nothing may be: in shadow mode, a dry run or a test."""

    async def keep(self, kind: str, what: Mapping[str, JsonValue]) -> None:
        """Keep one effect: of which kind, and what there is to say about it."""


@dataclass(slots=True, kw_only=True, eq=False)
class Context(Generic[OptionsT]):
    """What a handler is given beside the change.

    (Not frozen: to make it takes a third of the time so, and it is made for each attempt.)
    """

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
    turn: Callable[[], Awaitable[None]] | None = field(default=None, repr=False)
    """Of a handler with a rate: waits until it may reach out again. `http` and `outside` see to it."""
    list_company: CompanyListing = field(default=_no_listing, repr=False)

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
        if self.rehearsal is not None:
            await self.rehearsal.keep(kind, what)
            return instead
        if self.turn is not None:
            await self.turn()
        return await effect()

    async def reconnect_link(self) -> str | None:
        """The page where the owner mends the connection, by the setting RECONNECT_LINK; None: no link.

        Fetched or made when asked for. It lets its bearer edit credentials: send it to the owner and
        nowhere else. Raises the errors of Nectar's API, which are tried again.
        """
        return await self.make_link()

    async def company_connections(self, company_id: UUID) -> Sequence[Connection]:
        """All connections of a company, in no particular order; none when Nectar knows no such company.

        Asked anew at each call, and never older than what any handler was shown before it. Deliveries of two
        connections of a company may run side by side. So whoever writes what follows from the whole list asks
        again after the write, and writes again when the answer is another: then the last write is right.
        Raises the errors of Nectar's API, which are tried again.
        """
        return await self.list_company(company_id)
