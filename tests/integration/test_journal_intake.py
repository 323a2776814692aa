"""What is taken in is recorded once, asks for one fetch, and rings one bell."""

import asyncio
import json
import time

import pytest

from receiver.journal import Intake, Message, Reception, Store, deliver, refresh
from receiver.journal.intake import MESSAGE_MEMORY
from receiver.journal.store import key
from tests.integration.kit import BROKEN, ONE, REJECT, TWO, Journal, message

pytestmark = pytest.mark.anyio

ACCEPTED, DUPLICATE, OVERLOADED = Reception.ACCEPTED, Reception.DUPLICATE, Reception.OVERLOADED


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


async def test_an_accepted_message_is_kept_whole_and_its_connection_is_due_for_a_fetch(
    journal: Journal,
) -> None:
    body = '{"id":"…","country":"ZZ"}'.encode()
    sent = Message("msg_a", "connection.created.v2", ONE, body, {"country": ["ZZ"]})
    receipt = await journal.intake.accept(sent)
    [(event, kept)] = await journal.redis.xrange(key("events"))
    assert (receipt.reception, receipt.event) == (ACCEPTED, event)
    assert kept == {
        "message": "msg_a",
        "type": "connection.created.v2",
        "connection": ONE,
        "payload": body.decode(),
        "flags": '{"country":["ZZ"]}',
    }
    assert await journal.lists(refresh(ONE)) == {"due"}
    assert await journal.bells() == [refresh(ONE)]


async def test_promise_7_a_message_that_comes_again_is_not_run_again(journal: Journal) -> None:
    first = await journal.accept(message_id="msg_a")
    before = await journal.dump()
    again = await journal.accept(message_id="msg_a")
    assert (again.reception, again.event) == (DUPLICATE, first.event)
    assert await journal.dump() == before


async def test_promise_7_what_was_handled_is_not_run_again(journal: Journal) -> None:
    await journal.accept(message_id="msg_a")
    await journal.settle_fetch(await journal.take_fetch(), "a")
    await journal.handle("a")
    before = await journal.dump()
    assert (await journal.accept(message_id="msg_a")).reception is DUPLICATE
    assert await journal.dump() == before


async def test_a_message_s_id_is_remembered_for_72_hours(journal: Journal) -> None:
    """Over the end of the span that it came in, and no longer. (Here it is two seconds.)"""
    assert MESSAGE_MEMORY == 72 * 3600
    intake = Intake(journal.store, 1000, fetch_interval=0, memory=2)
    seconds, micros = await journal.redis.time()
    await asyncio.sleep((1.5 - (seconds + micros / 1e6)) % 2)
    sent = message(ONE, "msg_a")
    first, began = await intake.accept(sent), time.monotonic()
    while time.monotonic() < began + 1.5:
        assert await intake.accept(sent) == (DUPLICATE, first.event)
        await asyncio.sleep(0.1)
    await asyncio.sleep(began + 2.1 - time.monotonic())
    assert (await intake.accept(sent)).reception is ACCEPTED


async def test_what_is_remembered_of_messages_goes_by_itself(journal: Journal) -> None:
    """With the span that is the second last by then."""
    await journal.accept(message_id="msg_a")
    [ids] = await journal.redis.keys(key("seen", "*"))
    assert 143.9 * 3600 < await journal.redis.ttl(ids) <= 144 * 3600


async def test_messages_whose_ids_end_alike_are_told_apart(journal: Journal) -> None:
    """Though they are remembered in one place."""
    names = ["msg_1aaa", "msg_2aaa", "aaa", "aa"]
    first = [await journal.accept(message_id=each) for each in names]
    assert [each.reception for each in first] == [ACCEPTED] * 4
    assert len(await journal.redis.keys(key("seen", "*"))) == 2
    again = [await journal.accept(message_id=each) for each in names]
    assert again == [(DUPLICATE, each.event) for each in first]


async def test_a_batch_is_answered_message_by_message(journal: Journal) -> None:
    """Web processes gather what comes at the same time; a message may even be twice in one batch."""
    a, b = message(ONE), message(TWO)
    receipts = await journal.accept_all([a, b, a])
    assert [receipt.reception for receipt in receipts] == [ACCEPTED, ACCEPTED, DUPLICATE]
    assert receipts[2].event == receipts[0].event
    assert await journal.redis.xlen(key("events")) == 2


async def test_events_of_a_connection_that_wait_together_ring_one_bell(journal: Journal) -> None:
    await journal.accept_all([message(ONE) for _ in range(50)])
    await journal.accept(ONE)
    await journal.accept(TWO)
    assert await journal.bells() == [refresh(ONE), refresh(TWO)]


async def test_an_event_during_a_fetch_rings_no_bell_until_the_fetch_is_settled(journal: Journal) -> None:
    await journal.accept()
    taken = await journal.take_fetch()
    await journal.mute()
    await journal.accept()
    assert await journal.bells() == []
    await journal.settle_fetch(taken)
    assert await journal.bells() == [refresh(ONE)]


async def test_promise_9_beyond_the_backlog_nothing_is_taken_in(store: Store) -> None:
    journal = Journal(store, max_backlog=2)
    await journal.accept(ONE, "msg_a")
    await journal.accept(TWO)
    before = await journal.dump()
    refused = await journal.accept(ONE)
    assert (refused.reception, refused.event) == (OVERLOADED, "")
    assert await journal.dump() == before


async def test_promise_9_what_is_in_already_is_acknowledged_even_in_overload(store: Store) -> None:
    """Otherwise a sender would come again and again with what we have."""
    journal = Journal(store, max_backlog=1)
    await journal.accept(ONE, "msg_a")
    assert (await journal.accept(ONE, "msg_a")).reception is DUPLICATE


async def test_promise_9_fetches_that_wait_for_nectar_count_as_backlog(store: Store) -> None:
    journal = Journal(store, max_backlog=1)
    await journal.accept()
    await journal.fail_fetch(await journal.take_fetch(), BROKEN)
    assert (await journal.accept()).reception is OVERLOADED


async def test_promise_7_a_message_whose_fetch_is_a_dead_letter_runs_again(journal: Journal) -> None:
    await journal.accept(message_id="msg_a")
    await journal.fail_fetch(await journal.take_fetch(), REJECT)
    assert await journal.lists(refresh(ONE)) == {"dead"}
    assert (await journal.accept(message_id="msg_a")).reception is ACCEPTED
    assert await journal.lists(refresh(ONE)) == {"due"}
    claim, _ = await journal.take_fetch()
    assert claim.attempt == 1


async def test_promise_7_a_message_whose_delivery_is_a_dead_letter_runs_again_for_that_handler_alone(
    journal: Journal,
) -> None:
    await journal.accept(message_id="msg_a")
    await journal.settle_fetch(await journal.take_fetch(), "a", "b")
    await journal.handle("b")
    await journal.fail(await journal.taken("a"), REJECT)
    assert (await journal.accept(message_id="msg_a")).reception is ACCEPTED
    assert await journal.settle_fetch(await journal.take_fetch(), changed=()) == 0
    assert await journal.lists(deliver("a", ONE)) == {"due"}
    assert await journal.lists(deliver("b", ONE)) == set()
    assert (await journal.taken("a"))[0].attempt == 1


async def test_promise_7_a_message_may_die_and_run_again_any_number_of_times(journal: Journal) -> None:
    await journal.accept(message_id="msg_a")
    await journal.settle_fetch(await journal.take_fetch(), "a")
    for _ in range(3):
        await journal.fail(await journal.taken("a"), REJECT)
        assert (await journal.accept(message_id="msg_a")).reception is ACCEPTED
        await journal.settle_fetch(await journal.take_fetch(), changed=())
    await journal.handle("a")
    assert (await journal.accept(message_id="msg_a")).reception is DUPLICATE


async def test_promise_7_a_dead_letter_does_not_bring_back_events_that_were_handled_before_it(
    journal: Journal,
) -> None:
    await journal.accept(message_id="msg_handled")
    await journal.settle_fetch(await journal.take_fetch(), "a")
    await journal.handle("a")
    await journal.accept(message_id="msg_dead")
    await journal.settle_fetch(await journal.take_fetch(), "a")
    await journal.fail(await journal.taken("a"), REJECT)
    assert (await journal.accept(message_id="msg_handled")).reception is DUPLICATE
    assert (await journal.accept(message_id="msg_dead")).reception is ACCEPTED


async def test_promise_7_after_the_dead_letter_was_overtaken_by_a_newer_version_nothing_runs_again(
    journal: Journal,
) -> None:
    await journal.accept(message_id="msg_a")
    await journal.settle_fetch(await journal.take_fetch(), "a")
    await journal.fail(await journal.taken("a"), REJECT)
    await journal.fetch("a", status="PENDING")
    await journal.handle("a")
    assert (await journal.accept(message_id="msg_a")).reception is DUPLICATE


async def test_promise_2_an_event_that_brought_nothing_new_since_the_dead_letter_is_dead_by_name_too(
    journal: Journal,
) -> None:
    await journal.accept(message_id="msg_a")
    await journal.settle_fetch(await journal.take_fetch(), "a")
    await journal.fail(await journal.taken("a"), REJECT)
    await journal.accept(message_id="msg_later")
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.lists(deliver("a", ONE)) == {"dead"}
    assert (await journal.accept(message_id="msg_later")).reception is ACCEPTED
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    await journal.handle("a")


async def test_promise_2_so_is_one_that_was_fetched_while_the_delivery_was_about_to_fail(
    journal: Journal,
) -> None:
    await journal.accept(message_id="msg_a")
    await journal.settle_fetch(await journal.take_fetch(), "a")
    taken = await journal.taken("a")
    await journal.accept(message_id="msg_meanwhile")
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    await journal.fail(taken, REJECT)
    assert (await journal.accept(message_id="msg_meanwhile")).reception is ACCEPTED


async def test_what_does_not_fit_the_schema_is_kept_and_counted(journal: Journal) -> None:
    for _ in range(2):
        await journal.intake.quarantine("msg_a", b'{"id":7}', [{"location": "id", "reason": "not a uuid"}])
    kept = await journal.redis.hgetall(key("quarantined", "msg_a"))
    assert (kept["payload"], kept["times"]) == ('{"id":7}', "2")
    assert json.loads(kept["errors"]) == [{"location": "id", "reason": "not a uuid"}]
    assert (await journal.gauges.read()).quarantined == 1


async def test_promise_7_a_message_that_fits_by_now_leaves_the_quarantine_and_runs(journal: Journal) -> None:
    await journal.intake.quarantine("msg_a", b"{}", [])
    assert (await journal.accept(message_id="msg_a")).reception is ACCEPTED
    assert (await journal.gauges.read()).quarantined == 0
    assert await journal.redis.exists(key("quarantined", "msg_a")) == 0
    assert await journal.lists(refresh(ONE)) == {"due"}


async def test_of_a_very_long_burst_the_newest_events_are_named(journal: Journal) -> None:
    await journal.accept_all([message(message_id=f"msg_burst_{number}") for number in range(250)])
    assert await journal.redis.llen(key("inbox", ONE)) <= 150
    await journal.settle_fetch(await journal.take_fetch(), "a")
    _, pending = await journal.taken("a")
    assert [name for name, _ in pending.events] == [f"msg_burst_{number}" for number in range(150, 250)]
