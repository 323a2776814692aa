"""The desk: many deliveries, few writes, and each delivery its own answer."""

import asyncio
from contextvars import ContextVar
from uuid import UUID

import pytest

from handlers.crm import BusyError, CrmOptions, RefusedError
from receiver.api import Done, Rejected
from tests.handlers.crm_world import ACME, BOLT, MemoryCrm, Nectar, deliver

pytestmark = pytest.mark.anyio


async def test_a_company_is_written_with_what_all_its_connections_are() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    nectar.connect("PASSWORD_INCORRECT")
    shown = nectar.connect("CONNECTED")
    nectar.connect("CONNECTED", BOLT)
    assert await deliver(crm, options, nectar, shown) == Done("record-ACME-1")
    assert crm.records == {"ACME-1": nectar.standing_of(options, shown)}
    assert crm.records["ACME-1"].figures.total == 2


async def test_two_hundred_connections_of_one_company_cost_two_writes() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    shown = [nectar.connect("PASSWORD_INCORRECT") for _ in range(200)]
    outcomes = await asyncio.gather(*(deliver(crm, options, nectar, each) for each in shown))
    assert set(outcomes) == {Done("record-ACME-1")}
    assert 1 <= len(crm.batches) <= 2
    assert crm.records["ACME-1"].figures.needing_action == 200


async def test_many_companies_are_written_in_batches_no_larger_than_the_crm_takes() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(most=10), CrmOptions()
    companies = [{"id": str(UUID(int=number + 1)), "name": f"No {number}"} for number in range(25)]
    shown = [nectar.connect(company=company) for company in companies]
    await asyncio.gather(*(deliver(crm, options, nectar, each) for each in shown))
    assert max(map(len, crm.batches)) <= 10
    assert len(crm.batches) <= 4
    assert sorted(key for batch in crm.batches for key in batch) == sorted(each["id"] for each in companies)


async def test_a_delivery_that_comes_while_its_company_is_written_waits_for_the_next_write() -> None:
    """What it saw may be newer than what is being written."""
    nectar, options = Nectar(), CrmOptions()
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        writing.set()
        await go_on.wait()

    crm = MemoryCrm(pause=pause)
    first = asyncio.create_task(deliver(crm, options, nectar, nectar.connect("CONNECTED")))
    await writing.wait()
    second = asyncio.create_task(deliver(crm, options, nectar, nectar.connect("PASSWORD_INCORRECT")))
    await asyncio.sleep(0)
    go_on.set()
    assert await first == await second == Done("record-ACME-1")
    assert crm.records["ACME-1"].figures.total == 2
    assert len(crm.batches) == 2


async def test_what_changed_while_it_was_written_is_written_again_before_anybody_is_told() -> None:
    """The other write, from another process, may have come before ours."""
    nectar, options = Nectar(), CrmOptions()
    shown, other = nectar.connect("PASSWORD_INCORRECT"), nectar.connect("PASSWORD_INCORRECT")

    async def heal() -> None:
        nectar.edit(other, status="CONNECTED")

    crm = MemoryCrm(pause=heal)
    await deliver(crm, options, nectar, shown)
    assert crm.records["ACME-1"] == nectar.standing_of(options, shown)
    assert len(crm.batches) == 2


async def test_an_old_write_that_lands_last_is_put_right_by_whoever_made_it() -> None:
    """Two workers: one reads and is slow; meanwhile the other reads something newer and writes it."""
    nectar, options = Nectar(), CrmOptions()
    shown, other = nectar.connect("PASSWORD_INCORRECT"), nectar.connect("PASSWORD_INCORRECT")
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        writing.set()
        await go_on.wait()

    slow, quick = MemoryCrm(pause=pause), MemoryCrm()
    slow.records = quick.records
    first = asyncio.create_task(deliver(slow, options, nectar, shown))
    await writing.wait()
    nectar.edit(other, status="CONNECTED")
    await deliver(quick, CrmOptions(), nectar, other)
    right = nectar.standing_of(options, shown)
    assert quick.records["ACME-1"] == right
    go_on.set()
    await first
    assert quick.records["ACME-1"] == right


async def test_a_later_look_of_nectar_alone_is_no_reason_to_write_again() -> None:
    nectar, options = Nectar(), CrmOptions()
    shown = nectar.connect()

    async def check() -> None:
        nectar.edit(shown, status_last_update_time="2026-11-23T10:00:00Z")

    crm = MemoryCrm(pause=check)
    await deliver(crm, options, nectar, shown)
    assert len(crm.batches) == 1


async def test_each_delivery_gets_the_answer_about_its_own_company() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    crm.refuse["BOLT-2"] = RefusedError("no such thing as Bolt")
    shown = [nectar.connect(company=ACME), nectar.connect(company=BOLT), nectar.connect(company=ACME)]
    outcomes = await asyncio.gather(*(deliver(crm, options, nectar, each) for each in shown))
    assert outcomes == [Done("record-ACME-1"), Rejected("no such thing as Bolt"), Done("record-ACME-1")]


async def test_a_crm_that_is_down_fails_all_who_wait_and_nobody_who_comes_later() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    crm.down = BusyError("down")
    shown = [nectar.connect(company=ACME), nectar.connect(company=BOLT)]
    failures = await asyncio.gather(
        *(deliver(crm, options, nectar, each) for each in shown), return_exceptions=True
    )
    assert [str(failure) for failure in failures] == ["down", "down"]
    crm.down = None
    assert await deliver(crm, options, nectar, shown[0]) == Done("record-ACME-1")


async def test_a_batch_that_is_broken_off_leaves_nobody_waiting() -> None:
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()

    async def cancelled() -> None:
        raise asyncio.CancelledError

    crm.pause = cancelled
    shown = nectar.connect()
    with pytest.raises(BusyError, match="broken off"):
        await deliver(crm, options, nectar, shown)
    crm.pause = None
    assert await deliver(crm, options, nectar, shown) == Done("record-ACME-1")


@pytest.mark.parametrize("failing_look", [1, 2])
async def test_nectar_in_trouble_before_or_after_the_write_fails_the_delivery(failing_look: int) -> None:
    """After the write too: nobody knows yet whether what was written was the newest."""
    nectar, crm, options = Nectar(), MemoryCrm(), CrmOptions()
    shown = nectar.connect()
    nectar.away_at = failing_look
    with pytest.raises(TimeoutError, match="Nectar is away"):
        await deliver(crm, options, nectar, shown)
    assert len(crm.batches) == failing_look - 1


async def test_a_delivery_that_is_given_up_takes_nobody_with_it() -> None:
    nectar, options = Nectar(), CrmOptions()
    go_on = asyncio.Event()
    crm = MemoryCrm(pause=go_on.wait)
    shown = [nectar.connect(), nectar.connect(), nectar.connect(company=BOLT)]
    waiting = [asyncio.create_task(deliver(crm, options, nectar, each)) for each in shown]
    await asyncio.sleep(0.01)
    waiting[0].cancel()
    waiting[2].cancel()
    go_on.set()
    assert await waiting[1] == Done("record-ACME-1")
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]


async def test_a_batch_is_written_in_the_name_of_a_delivery_that_waits_for_it() -> None:
    """The router may keep in the context what is the delivery's alone, such as its turn under a rate."""
    who: ContextVar[str] = ContextVar("who")
    seen: list[str] = []
    nectar, options = Nectar(), CrmOptions()

    async def note() -> None:
        seen.append(who.get())
        await asyncio.sleep(0.01)

    async def named(name: str, connection: UUID) -> None:
        who.set(name)
        await deliver(MemoryCrm(pause=note), options, nectar, connection)

    first = asyncio.create_task(named("first", nectar.connect()))
    await asyncio.sleep(0.005)
    await asyncio.gather(first, named("second", nectar.connect(company=BOLT)))
    assert list(dict.fromkeys(seen)) == ["first", "second"]
    assert seen[-1] == "second"


async def test_nothing_is_written_for_somebody_who_no_longer_waits() -> None:
    nectar, options = Nectar(), CrmOptions()
    go_on = asyncio.Event()
    crm = MemoryCrm(pause=go_on.wait)
    first = asyncio.create_task(deliver(crm, options, nectar, nectar.connect()))
    await asyncio.sleep(0.01)
    given_up = asyncio.create_task(deliver(crm, options, nectar, nectar.connect(company=BOLT)))
    await asyncio.sleep(0.01)
    given_up.cancel()
    go_on.set()
    await first
    assert crm.batches == [["ACME-1"]]
