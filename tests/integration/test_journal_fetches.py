"""What a fetch covers, which version it makes, and whom it concerns."""

import asyncio

import pytest

from receiver.journal import Intake, Store, deliver, refresh
from receiver.journal.fetches import Fetches
from receiver.journal.store import key
from tests.integration.kit import BROKEN, DONE, LATER, ONE, PARK, REJECT, Journal, message

pytestmark = pytest.mark.anyio

A, B = deliver("a", ONE), deliver("b", ONE)


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


async def test_promise_4_a_fetch_covers_all_that_was_accepted_before_it_began(journal: Journal) -> None:
    for _ in range(5):
        await journal.accept()
    assert await journal.settle_fetch(await journal.take_fetch(), "a") == 1
    assert await journal.lists(refresh(ONE)) == set()
    _, pending = await journal.taken("a")
    assert len(pending.events) == 5


async def test_promise_4_events_during_a_fetch_share_one_more(journal: Journal) -> None:
    first = await journal.accept()
    taken = await journal.take_fetch()
    for _ in range(5):
        await journal.accept()
    await journal.settle_fetch(taken, "a")
    assert await journal.redis.hget(key("connection", ONE), "covered") == first.event
    assert len((await journal.handle("a")).events) == 1
    await journal.settle_fetch(await journal.take_fetch(), "a", status="PENDING")
    assert await journal.lists(refresh(ONE)) == set()
    assert len((await journal.handle("a")).events) == 5


async def test_promise_4_an_event_soon_after_a_fetch_waits_for_the_burst_to_end(store: Store) -> None:
    journal = Journal(store)
    journal.intake, journal.fetches = (
        Intake(store, 1000, fetch_interval=10),
        Fetches(store, fetch_interval=10),
    )
    await journal.accept()
    assert await journal.due_in(refresh(ONE)) <= 0, "the first is fetched at once"
    await journal.settle_fetch(await journal.take_fetch())
    await journal.accept()
    assert await journal.due_in(refresh(ONE)) == pytest.approx(10, abs=3)
    await journal.redis.zadd(key("due"), {refresh(ONE): 1})
    await journal.accept()
    assert await journal.due_in(refresh(ONE)) == pytest.approx(5, abs=2), "half as long after each"
    await journal.redis.hset(key("refresh", ONE), "burst", 1)
    await journal.redis.zadd(key("due"), {refresh(ONE): 1})
    await journal.accept()
    assert await journal.due_in(refresh(ONE)) < 0, "however long it is, there comes an end"


async def test_without_a_change_there_is_no_version_and_no_delivery(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.handle("a")
    await journal.accept()
    taken = await journal.take_fetch()
    before = await journal.redis.hgetall(key("connection", ONE))
    assert await journal.settle_fetch(taken, changed=()) == 0
    after = await journal.redis.hgetall(key("connection", ONE))
    assert {name for name in after if after[name] != before.get(name)} <= {"covered", "fetched"}
    assert await journal.redis.xlen(key("changes", ONE)) == 1
    assert await journal.lists(A) == set()


async def test_a_change_is_delivered_to_those_whom_it_concerns(journal: Journal) -> None:
    await journal.fetch("a")
    assert await journal.lists(A) == {"due"}
    assert await journal.lists(B) == set()
    assert await journal.redis.keys("nectar:deliver:b:*") == []


async def test_each_version_is_on_record(journal: Journal) -> None:
    first = await journal.accept(message_id="msg_a")
    await journal.settle_fetch(await journal.take_fetch(), "a")
    await journal.fetch(status="PENDING", changed=("status", "url"))
    versions = await journal.redis.xrange(key("changes", ONE))
    assert [(mark, fields["from"], fields["to"], fields["changed"]) for mark, fields in versions] == [
        ("1-0", "", "CONNECTED", '["status"]'),
        ("2-0", "CONNECTED", "PENDING", '["status","url"]'),
    ]
    assert versions[0][1]["upto"] == first.event


async def test_promise_6_a_delivery_that_waits_is_shown_the_newest_version_at_once(journal: Journal) -> None:
    await journal.fetch("a")
    for _ in range(5):
        await journal.fail(await journal.taken("a"), BROKEN)
        await journal.make_due(A)
    await journal.fail(await journal.taken("a"), BROKEN)
    await journal.fetch("a", status="PENDING")
    assert await journal.due_in(A) <= 0
    claim, pending = await journal.taken("a")
    assert (claim.attempt, pending.version) == (1, 2)


async def test_promise_6_a_delivery_in_hand_is_not_disturbed_and_runs_once_more(journal: Journal) -> None:
    await journal.fetch("a")
    taken = await journal.taken("a")
    await journal.fetch("a", status="PENDING")
    await journal.fetch("a", status="OTHER_ERROR")
    assert await journal.take("a") is None
    claim, pending = taken
    assert pending.version == 1
    assert await journal.deliveries.settle(claim, pending, DONE, took=0)
    assert (await journal.handle("a")).version == 3
    assert await journal.lists(A) == set()


async def test_a_replay_of_what_is_in_hand_runs_once_more(journal: Journal) -> None:
    """Whoever is at it may have begun before it was asked for."""
    await journal.fetch("a")
    taken = await journal.taken("a")
    await journal.store.run("replay", ONE, "a")
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.take("a") is None
    claim, pending = taken
    assert await journal.deliveries.settle(claim, pending, DONE, took=0)
    assert (await journal.handle("a")).version == 1
    assert await journal.lists(A) == set()


async def test_a_replay_of_what_is_in_hand_and_fails_is_due_at_once_with_all_its_attempts(
    journal: Journal,
) -> None:
    await journal.fetch("a")
    taken = await journal.taken("a")
    await journal.store.run("replay", ONE, "a")
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    await journal.fail(taken, REJECT)
    claim, _ = await journal.taken("a")
    assert claim.attempt == 1


async def test_a_version_that_was_shown_already_is_not_shown_again(journal: Journal) -> None:
    """It came between the delivery's beginning and its reading of what there is to deliver."""
    await journal.fetch("a")
    claim = await journal.take("a")
    assert claim is not None
    await journal.fetch("a", status="PENDING")
    pending = await journal.deliveries.pending("a", ONE)
    assert pending.version == 2
    await journal.deliveries.settle(claim, pending, DONE, took=0)
    assert await journal.lists(A) == set()


async def test_a_dead_letter_comes_back_to_life_with_a_newer_version(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), REJECT)
    await journal.fetch("b", status="PENDING")
    assert await journal.lists(A) == {"dead"}, "it does not concern it"
    await journal.fetch("a", status="OTHER_ERROR")
    assert await journal.lists(A) == {"due"}
    claim, pending = await journal.taken("a")
    assert (claim.attempt, pending.version) == (1, 3)
    assert await journal.redis.exists(key("dead", ONE)) == 0


async def test_parked_work_stays_parked_and_is_shown_the_newest_version_later(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), PARK)
    await journal.fetch("a", status="PENDING")
    assert await journal.lists(A) == {"parked:a"}


async def test_a_fetch_that_failed_says_why_until_it_succeeds(journal: Journal) -> None:
    await journal.accept()
    await journal.fail_fetch(await journal.take_fetch(), BROKEN)
    assert await journal.redis.hget(key("refresh", ONE), "reason") == BROKEN.reason
    await journal.make_due(refresh(ONE))
    await journal.settle_fetch(await journal.take_fetch())
    assert await journal.redis.hmget(key("refresh", ONE), "reason", "trace", "attempt") == [None, None, None]
    [*_, (_, newest)] = await journal.redis.xrange(key("attempts"))
    assert (newest["outcome"], newest["attempt"]) == ("fetched", "2")


async def test_what_waits_for_a_fetch_goes_on_when_a_dead_fetch_comes_back_to_life(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), LATER)
    await journal.make_due(A)
    claim, _ = await journal.taken("a")
    await journal.deliveries.await_fetch(claim)
    await journal.fail_fetch(await journal.take_fetch(), REJECT)
    assert await journal.lists(refresh(ONE)) == {"dead"}
    await journal.accept()
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.lists(A) == {"due"}


async def test_the_history_of_a_busy_connection_is_bounded(journal: Journal) -> None:
    for _ in range(1300):
        await journal.intake.accept(message())
        await journal.settle_fetch(await journal.take_fetch())
    assert await journal.redis.xlen(key("changes", ONE)) < 1300


async def test_promise_2_an_event_that_comes_while_a_fetch_is_settled_is_not_stranded(
    journal: Journal,
) -> None:
    """Both go to Redis in one trip, at whose end it is written what is due no more."""
    await journal.accept()
    taken = await journal.take_fetch()
    await journal.mute()
    await asyncio.gather(journal.settle_fetch(taken), journal.accept())
    assert await journal.lists(refresh(ONE)) == {"due"}
    assert await journal.bells() == [refresh(ONE)]
