"""Made-up connections, changes and contexts."""

import json
from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

import httpx
import structlog
from pydantic import BaseModel, JsonValue

from receiver.api import Change, CompanyListing, Connection, Context, Event, Status, Steps
from receiver.journal import compact
from receiver.journal.deliveries import LONGEST_MEMORY

OptionsT = TypeVar("OptionsT", bound=BaseModel)

LINK = "https://dash.nectarclimate.com/p/connect/made-up-company/workflow/made-up-secret"


class MemorySteps:
    """The finished steps of `ctx.once`, kept in memory; as JSON, as in the router itself."""

    def __init__(self) -> None:
        self.finished: dict[str, str] = {}

    async def recall(self, step: str) -> tuple[JsonValue] | None:
        """The step's result, wrapped, or None when it has not finished yet."""
        return (json.loads(self.finished[step]),) if step in self.finished else None

    async def record(self, step: str, result: JsonValue) -> None:
        """Keep the result. Raises TypeError when it is not JSON, ValueError when it is too large."""
        text = compact(result)
        if len(text) > LONGEST_MEMORY:
            raise ValueError(f"step {step!r} returned more than {LONGEST_MEMORY} bytes of JSON")
        self.finished[step] = text


def make_connection(status: str = "PASSWORD_INCORRECT", **fields: Any) -> Connection:
    """A connection as Nectar might answer it; any attribute can be given by its name in snake case."""
    usual: dict[str, Any] = {
        "id": "6f9f1c52-7a0e-4c39-9a63-52d1f4b0c7ae",
        "created": "2025-03-04T09:15:00Z",
        "public_company_id": "made-up-company",
        "status_first_seen_time": "2025-11-03T06:00:00Z",
        "status_last_update_time": "2025-11-03T06:00:00Z",
        "datasource": {"name": "Harbor Electric", "url": "https://www.harbor-electric.example"},
        "accounts": [{"accountNumber": "100-200-300", "datasourceTypes": ["ELECTRICITY"]}],
        "company": {"id": "0f6e7a5e-6d0b-4a53-8f5a-3b3b6c7a9d10", "name": "Northwind Properties"},
        "url": "https://login.harbor-electric.example",
        "country": "US",
        "initial_datasource_types": ["ELECTRICITY"],
        "username": "northwind-facilities",
        "workflow_owner_email": "owner@northwind.example",
        "multiply_by_occupancy": False,
    }
    return Connection.model_validate({**usual, "status": status, **fields})


def make_change(
    connection: Connection,
    previous_status: str | None = None,
    changed: Iterable[str] | None = None,
    *,
    events: Iterable[Event] = (Event("msg_1", "connection.validated.v2"),),
    version: int = 1,
) -> Change:
    """What a handler is shown. `changed`: the status alone if there was one before, else all attributes."""
    if changed is None:
        changed = Connection.model_fields if previous_status is None else {"status"}
    return Change(
        connection=connection,
        previous_status=None if previous_status is None else Status(previous_status),
        changed=frozenset(changed),
        events=tuple(events),
        version=version,
    )


def make_context(
    options: OptionsT,
    *,
    memory: dict[str, JsonValue] | None = None,
    link: str | None = LINK,
    attempt: int = 1,
    http: httpx.AsyncClient | None = None,
    steps: Steps | None = None,
    company: Iterable[Connection] = (),
) -> Context[OptionsT]:
    """The context of one attempt. `memory` is filled in place; without `http` any request fails.

    `company`: the connections among which `ctx.company_connections()` looks.
    """

    async def make_link() -> str | None:
        return link

    return Context(
        options=options,
        http=http or httpx.AsyncClient(transport=httpx.MockTransport(_no_network)),
        log=structlog.get_logger(),
        attempt=attempt,
        idempotency_key="made-up-key",
        memory={} if memory is None else memory,
        steps=steps or MemorySteps(),
        make_link=make_link,
        list_company=_listing(company),
    )


def _listing(connections: Iterable[Connection]) -> CompanyListing:
    listed = tuple(connections)

    async def of_company(company_id: UUID, /) -> list[Connection]:
        return [each for each in listed if each.company is not None and each.company.id == company_id]

    return of_company


def _no_network(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.method} {request.url.host}: pass `http` to make_context to answer this")
