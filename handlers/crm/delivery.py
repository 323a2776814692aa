"""One delivery to a CRM: which companies it concerns, and what became of them."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from handlers.crm.crm import Crm, MissingError, RefusedError
from handlers.crm.desk import Ask, Desk
from handlers.crm.figures import Customer, owner_of
from handlers.crm.options import CrmOptions
from receiver.api import Change, Connection, Context, Done, Outcome, Rejected, Skipped

OptionsT = TypeVar("OptionsT", bound=CrmOptions)

CHANGED = ("status", "status_first_seen_time", "company")
"""What of a connection a company's record shows."""


class Memory(BaseModel):
    """Where a connection was counted when it was last delivered."""

    model_config = ConfigDict(frozen=True)

    company: UUID | None = None
    key: str = ""
    name: str = ""
    owner: str | None = None

    @property
    def customer(self) -> Customer | None:
        """The company that it belonged to."""
        return None if self.company is None else Customer(self.key, self.company, self.name)


async def bring_up_to_date(change: Change, ctx: Context[OptionsT], crm: Crm) -> Outcome:
    """Bring the record of the connection's company up to date, and that of the one that it was moved from.

    The latter as far as this handler was ever shown the connection there: a former company that nobody
    delivered is not known, and its record is put right when another of its connections changes.
    """
    memory = Memory.model_validate(ctx.memory)
    customer = ctx.options.customer_of(change.connection)
    moved = memory.company is not None and (customer is None or customer.id != memory.company)
    concerned = [each for each in (memory.customer if moved else None, customer) if each]
    if not concerned:
        return Skipped("Nectar names no company that the connection belongs to")
    # In a rehearsal each delivery is shown by itself, with what it would send.
    desk = ctx.options.desk if ctx.rehearsal is None else Desk()
    reference = None
    try:
        for each in concerned:
            reference = await desk.bring(_ask(each, ctx, crm, memory.owner))
    except MissingError as missing:
        return Skipped(str(missing))
    except RefusedError as refusal:
        return Rejected(str(refusal))
    _warn_of_new_key(ctx, memory, customer)
    _remember(ctx, customer, owner_of(change.connection) if ctx.options.wants_contacts else None)
    return Done(reference)


def _ask(customer: Customer, ctx: Context[OptionsT], crm: Crm, former: str | None) -> Ask:
    async def look() -> Sequence[Connection]:
        return await ctx.company_connections(customer.id)

    return Ask(customer, crm, look, former)


def _warn_of_new_key(ctx: Context[OptionsT], memory: Memory, customer: Customer | None) -> None:
    if customer and memory.company == customer.id and memory.key != customer.key:
        ctx.log.warning("the company has a new key: its earlier record is kept up to date no more")


def _remember(ctx: Context[OptionsT], customer: Customer | None, owner: str | None) -> None:
    memory = Memory(owner=owner)
    if customer:
        memory = Memory(company=customer.id, key=customer.key, name=customer.name, owner=owner)
    ctx.memory.update(memory.model_dump(mode="json"))
