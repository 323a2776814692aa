"""A made-up Nectar and a made-up CRM: what a CRM handler stands between."""

import asyncio
import dataclasses
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from pydantic import JsonValue

from handlers.crm import Answer, Crm, CrmOptions, Standing, bring_up_to_date
from handlers.crm.figures import standing
from receiver.api import Connection, Context, Outcome, Rehearsal
from receiver.testing import make_change, make_connection, make_context

OptionsT = TypeVar("OptionsT", bound=CrmOptions)

ACME = {"id": "0f6e7a5e-6d0b-4a53-8f5a-3b3b6c7a9d10", "name": "Acme", "externalId": "ACME-1"}
BOLT = {"id": "77777777-6d0b-4a53-8f5a-3b3b6c7a9d10", "name": "Bolt", "externalId": "BOLT-2"}


class Nectar:
    """Connections as they stand now, and the listing of a company's."""

    def __init__(self, seed: int | None = None) -> None:
        self.connections: dict[UUID, Connection] = {}
        self.listings = 0
        self.away_at: int | None = None
        """Number of the listing that fails."""
        self._random = random.Random(seed)
        self._slow = seed is not None

    def connect(
        self, status: str = "CONNECTED", company: Mapping[str, Any] | None = ACME, **fields: Any
    ) -> UUID:
        """A new connection; its id."""
        made = make_connection(status, id=str(uuid4()), company=company, **fields)
        self.connections[made.id] = made
        return made.id

    def edit(self, connection: UUID, **fields: Any) -> None:
        """A connection changes."""
        before = self.connections[connection].model_dump(by_alias=False)
        self.connections[connection] = make_connection(**{**before, **fields})

    async def list_company(self, company_id: UUID, /) -> Sequence[Connection]:
        """As it stands when the call begins: the oldest answer that is allowed."""
        self.listings += 1
        now = [each for each in self.connections.values() if each.company and each.company.id == company_id]
        await self.dawdle()
        if self.listings == self.away_at:
            raise TimeoutError("Nectar is away")
        return now

    async def dawdle(self) -> None:
        """With a seed: take a random time, as a network does."""
        await asyncio.sleep(self._random.random() * 0.003 if self._slow else 0)

    def standing_of(self, options: CrmOptions, connection: UUID) -> Standing:
        """What the record of the connection's company should say now."""
        customer = options.customer_of(self.connections[connection])
        assert customer is not None
        belonging = (
            each for each in self.connections.values() if each.company and each.company.id == customer.id
        )
        return standing(customer, belonging)


class MemoryCrm:
    """A CRM in memory: it writes at a random moment between being asked and answering, if it is slow."""

    def __init__(self, most: int = 100, pause: Callable[[], Any] | None = None) -> None:
        self.most = most
        self.records: dict[str, Standing] = {}
        self.batches: list[list[str]] = []
        self.refuse: dict[str, Exception] = {}
        self.down: Exception | None = None
        self.pause = pause

    async def upsert(self, standings: Sequence[Standing]) -> Sequence[Answer]:
        self.batches.append([each.customer.key for each in standings])
        if self.pause is not None:
            await self.pause()
        if self.down is not None:
            raise self.down
        answers: list[Answer] = []
        for each in standings:
            refusal = self.refuse.get(each.customer.key)
            if refusal is None:
                self.records[each.customer.key] = each
            answers.append(refusal or f"record-{each.customer.key}")
        if self.pause is not None:
            await self.pause()
        return answers


def context(
    options: OptionsT,
    nectar: Nectar,
    memory: dict[str, JsonValue] | None = None,
    http: httpx.AsyncClient | None = None,
    rehearsal: Rehearsal | None = None,
) -> Context[OptionsT]:
    """What a delivery is given."""
    made = make_context(options, memory=memory, http=http)
    return dataclasses.replace(made, list_company=nectar.list_company, rehearsal=rehearsal)


async def deliver(
    crm: Crm,
    options: CrmOptions,
    nectar: Nectar,
    connection: UUID,
    memory: dict[str, JsonValue] | None = None,
    **more: Any,
) -> Outcome:
    """Show a connection as it stands now to a handler for this CRM."""
    change = make_change(nectar.connections[connection])
    return await bring_up_to_date(change, context(options, nectar, memory, **more), crm)
