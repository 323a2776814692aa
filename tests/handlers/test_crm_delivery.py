"""One delivery to a CRM: which companies it concerns, and what is remembered."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from pydantic import JsonValue

from handlers.crm import CrmOptions, MissingError, RefusedError
from handlers.crm.figures import Figures
from receiver.api import Done, Rejected, Skipped
from tests.handlers.crm_world import ACME, BOLT, MemoryCrm, Nectar, deliver

pytestmark = pytest.mark.anyio

ACME_ID = str(ACME["id"])


class WithContacts(CrmOptions):
    """Options of a CRM that shows owners too."""

    @property
    def wants_contacts(self) -> bool:
        return True


class Rehearsed:
    """A rehearsal that keeps nothing."""

    async def keep(self, kind: str, what: Mapping[str, JsonValue]) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("company", "find_by", "key", "name"),
    [
        (ACME, "external-id", "ACME-1", "Acme"),
        (ACME, "company-id", ACME_ID, "Acme"),
        ({"id": ACME_ID, "name": "Acme"}, "external-id", ACME_ID, "Acme"),
        ({"id": ACME_ID, "name": " ", "externalId": " "}, "external-id", ACME_ID, ACME_ID),
    ],
)
async def test_a_company_is_found_by_its_external_id_or_else_by_its_id(
    company: dict[str, Any], find_by: str, key: str, name: str
) -> None:
    nectar, crm = Nectar(), MemoryCrm()
    options = CrmOptions.model_validate({"find_by": find_by})
    await deliver(crm, options, nectar, nectar.connect(company=company))
    assert [(each.customer.key, each.customer.name) for each in crm.records.values()] == [(key, name)]


@pytest.mark.parametrize("company", [None, {"name": "Acme"}])
async def test_a_connection_that_belongs_to_nobody_is_skipped(company: dict[str, Any] | None) -> None:
    nectar, crm = Nectar(), MemoryCrm()
    outcome = await deliver(crm, CrmOptions(), nectar, nectar.connect(company=company))
    assert outcome == Skipped("Nectar names no company that the connection belongs to")
    assert crm.batches == []


async def test_a_connection_that_moves_is_taken_off_the_company_that_it_left() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    shown, memory = nectar.connect("PASSWORD_INCORRECT"), dict[str, JsonValue]()
    await deliver(crm, options, nectar, shown, memory)
    nectar.edit(shown, company=BOLT)
    assert await deliver(crm, options, nectar, shown, memory) == Done("record-BOLT-2")
    assert crm.records["ACME-1"].figures == Figures()
    assert crm.records["BOLT-2"].figures.needing_action == 1


async def test_a_connection_that_belongs_to_nobody_any_more_is_taken_off_too() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    shown, memory = nectar.connect(), dict[str, JsonValue]()
    await deliver(crm, options, nectar, shown, memory)
    nectar.edit(shown, company=None)
    assert await deliver(crm, options, nectar, shown, memory) == Done("record-ACME-1")
    assert crm.records["ACME-1"].figures == Figures()
    assert isinstance(await deliver(crm, options, nectar, shown, memory), Skipped)


async def test_the_company_that_it_left_is_remembered_until_its_record_is_right() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    shown, memory = nectar.connect(), dict[str, JsonValue]()
    await deliver(crm, options, nectar, shown, memory)
    nectar.edit(shown, company=BOLT)
    crm.down = ConnectionError("down")
    with pytest.raises(ConnectionError):
        await deliver(crm, options, nectar, shown, memory)
    crm.down = None
    await deliver(crm, options, nectar, shown, memory)
    assert crm.records["ACME-1"].figures == Figures()


async def test_who_was_the_owner_is_shown_that_it_is_theirs_no_more() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), WithContacts()
    shown, memory = nectar.connect(workflow_owner_email="her@acme.example"), dict[str, JsonValue]()
    await deliver(crm, options, nectar, shown, memory)
    nectar.edit(shown, workflow_owner_email="him@acme.example")
    await deliver(crm, options, nectar, shown, memory)
    owners = crm.records["ACME-1"].owners
    assert {owner: each.total for owner, each in owners.items()} == {
        "her@acme.example": 0,
        "him@acme.example": 1,
    }


async def test_no_address_is_remembered_where_contacts_are_not_wanted() -> None:
    nectar, memory = Nectar(), dict[str, JsonValue]()
    await deliver(MemoryCrm(), CrmOptions(), nectar, nectar.connect(), memory)
    assert "@" not in str(memory)


async def test_what_the_crm_will_never_take_is_rejected_and_what_it_lacks_is_skipped() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    crm.refuse = {"ACME-1": RefusedError("too long"), "BOLT-2": MissingError("no such company")}
    assert await deliver(crm, options, nectar, nectar.connect()) == Rejected("too long")
    assert await deliver(crm, options, nectar, nectar.connect(company=BOLT)) == Skipped("no such company")


async def test_a_rehearsal_never_meets_a_delivery_in_earnest() -> None:
    """What is rehearsed must not be written, nor what is written be taken for rehearsed."""
    nectar, options = Nectar(), CrmOptions()
    earnest, rehearsed = MemoryCrm(), MemoryCrm()
    shown = [nectar.connect(), nectar.connect()]
    await asyncio.gather(
        deliver(earnest, options, nectar, shown[0]),
        deliver(rehearsed, options, nectar, shown[1], rehearsal=Rehearsed()),
    )
    assert (earnest.batches, rehearsed.batches) == ([["ACME-1"]], [["ACME-1"]])


def test_the_link_is_filled_in_for_each_company() -> None:
    nectar = Nectar()
    options = CrmOptions(link="https://router.example/console?company={company_id}&key={key}")
    shown = nectar.connect(company={**ACME, "externalId": "A/1 &"})
    customer = options.customer_of(nectar.connections[shown])
    assert customer is not None
    link = options.link_for(customer)
    assert link == f"https://router.example/console?company={UUID(ACME_ID)}&key=A%2F1%20%26"
