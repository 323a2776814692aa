"""Taking work in hand, and what becomes of it when it does not end well."""

import pytest

from receiver.api import handler
from receiver.journal import NECTAR, Setback, Store, Subject, Worklist, deliver, refresh
from receiver.journal.states import State, read_works
from receiver.journal.store import key
from receiver.journal.worklist import LEASE
from receiver.queue import LINE, line_of
from tests.integration.kit import BROKEN, DOWN, LATER, ONE, PARK, REJECT, RELEASE, Journal, message

pytestmark = pytest.mark.anyio

WORK = deliver("a", ONE)


@pytest.fixture
async def journal(store: Store) -> Journal:
    """A journal in which one delivery is due."""
    journal = Journal(store)
    await journal.fetch("a")
    return journal


async def test_work_in_hand_is_leased_and_nobody_else_gets_it(journal: Journal) -> None:
    claim, _ = await journal.taken("a")
    assert (claim.attempt, claim.deaths) == (1, 0)
    assert LEASE - 5 < await journal.due_in(WORK) <= LEASE
    assert await journal.take("a") is None


async def test_work_that_is_not_due_is_not_to_be_had(journal: Journal) -> None:
    await journal.fail(await journal.taken("a"), BROKEN)
    assert await journal.due_in(WORK) > 50
    before = await journal.dump()
    assert await journal.take("a") is None
    assert await journal.dump() == before


async def test_a_bell_heard_shortly_before_its_time_is_rung_again(journal: Journal) -> None:
    """Nobody need wait for the sweep because a worker's clock is a little fast."""
    await journal.fail(await journal.taken("a"), Setback("retry", "not yet", delay=1.4, most=2))
    await journal.mute()
    assert await journal.take("a") is None
    assert await journal.bells() == [WORK]


async def test_a_lease_that_ran_out_is_a_death_and_uses_up_no_attempt(journal: Journal) -> None:
    for deaths in range(4):
        claim, _ = await journal.taken("a")
        assert (claim.attempt, claim.deaths) == (1, deaths)
        await journal.make_due(WORK)
    await journal.fail(await journal.taken("a"), BROKEN)
    await journal.make_due(WORK)
    claim, _ = await journal.taken("a")
    assert (claim.attempt, claim.deaths) == (2, 0)


async def test_a_death_while_the_breaker_is_open_is_counted_and_uses_up_no_attempt(journal: Journal) -> None:
    await journal.taken("a")
    await journal.fetch("a", connection="other")
    await journal.fail(await journal.taken("a", "other"), PARK)
    await journal.make_due(WORK)
    assert await journal.take("a") is None
    await journal.redis.delete(key("breaker", "a"))
    await journal.worklist.resume("a")
    claim, _ = await journal.taken("a")
    assert (claim.attempt, claim.deaths) == (1, 1)


async def test_a_failure_is_retried_after_its_delay_until_the_attempts_are_used_up(journal: Journal) -> None:
    setback = Setback("retry", "ValueError: no", delay=60, most=3)
    for attempt in (1, 2):
        claim, pending = await journal.taken("a")
        assert claim.attempt == attempt
        assert await journal.fail((claim, pending), setback) == "retry"
        assert await journal.delay_of(WORK) == 60
        await journal.make_due(WORK)
    assert await journal.fail(await journal.taken("a"), setback) == "dead"
    assert await journal.lists(WORK) == {"dead"}
    kept = await journal.redis.hmget(key("deliver", "a", ONE), "reason", "attempt")
    assert kept == ["ValueError: no", "3"]


async def test_what_is_rejected_is_a_dead_letter_at_once(journal: Journal) -> None:
    assert await journal.fail(await journal.taken("a"), REJECT) == "reject"
    assert await journal.lists(WORK) == {"dead"}
    assert (await journal.bells()).count(WORK) == 1, "no more than the bell that had called for it"


async def test_what_is_released_is_due_at_once_and_uses_up_no_attempt(journal: Journal) -> None:
    for _ in range(3):
        claim, pending = await journal.taken("a")
        assert claim.attempt == 1
        assert await journal.fail((claim, pending), RELEASE) == "release"


async def test_promise_8_what_is_parked_uses_up_no_attempt(journal: Journal) -> None:
    for _ in range(20):
        claim, pending = await journal.taken("a")
        assert claim.attempt == 1
        assert await journal.fail((claim, pending), PARK) == "park"
        assert await journal.lists(WORK) == {"parked:a"}
        await journal.reopen("a")
        await journal.worklist.resume("a")


async def test_what_is_put_off_waits_for_a_fresh_fetch_and_uses_up_no_attempt(journal: Journal) -> None:
    for round_ in range(3):
        claim, pending = await journal.taken("a")
        assert (claim.attempt, pending.refetch) == (1, False)
        assert await journal.fail((claim, pending), LATER) == "later"
        assert await journal.delay_of(WORK) == 60
        await journal.make_due(WORK)
        claim, pending = await journal.taken("a")
        assert pending.refetch
        await journal.deliveries.await_fetch(claim)
        assert await journal.lists(WORK) == set()
        assert await journal.lists(refresh(ONE)) == {"due"}
        assert await journal.settle_fetch(await journal.take_fetch(), changed=()) == 0, round_
        assert await journal.lists(WORK) == {"due"}


async def test_a_fetch_that_began_before_is_not_fresh_enough_for_what_was_put_off(journal: Journal) -> None:
    await journal.fail(await journal.taken("a"), LATER)
    await journal.make_due(WORK)
    await journal.accept()
    under_way = await journal.take_fetch()
    claim, _ = await journal.taken("a")
    await journal.deliveries.await_fetch(claim)
    await journal.settle_fetch(under_way, changed=())
    assert await journal.lists(WORK) == set()
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.lists(WORK) == {"due"}


async def test_an_event_in_the_same_instant_as_the_request_for_a_fetch_is_not_taken_for_covered(
    journal: Journal,
) -> None:
    """Also when Redis's clock has been set back: marks only grow."""
    await journal.fail(await journal.taken("a"), LATER)
    await journal.make_due(WORK)
    claim, _ = await journal.taken("a")
    await journal.deliveries.await_fetch(claim)
    taken = await journal.take_fetch()
    receipt = await journal.accept()
    known = taken[1]
    assert [int(part) for part in receipt.event.split("-")] > [int(part) for part in known.mark.split("-")]
    await journal.settle_fetch(taken, changed=())
    assert await journal.lists(refresh(ONE)) == {"due"}


async def test_what_was_put_off_is_shown_a_change_at_once(journal: Journal) -> None:
    await journal.fail(await journal.taken("a"), LATER)
    await journal.fetch("a", status="PENDING")
    _, pending = await journal.taken("a")
    assert (pending.version, pending.refetch) == (2, False)


async def test_memory_and_reason_are_kept_from_an_attempt_that_failed(journal: Journal) -> None:
    claim, _ = await journal.taken("a")
    await journal.worklist.fail(claim, BROKEN, Subject(version=1, memory='{"ticket":"T-1"}'))
    assert (await journal.deliveries.pending("a", ONE)).memory == {"ticket": "T-1"}
    await journal.make_due(WORK)
    claim, _ = await journal.taken("a")
    await journal.worklist.fail(claim, BROKEN, Subject(version=1, memory=""))
    assert (await journal.deliveries.pending("a", ONE)).memory == {"ticket": "T-1"}


@pytest.mark.parametrize("setback", [BROKEN, LATER, REJECT], ids=lambda each: each.reaction)
async def test_promise_6_what_failed_while_a_newer_version_came_is_shown_that_at_once(
    journal: Journal, setback: Setback
) -> None:
    for _ in range(3):
        await journal.fail(await journal.taken("a"), BROKEN)
        await journal.make_due(WORK)
    taken = await journal.taken("a")
    await journal.fetch("a", status="PENDING")
    await journal.fail(taken, setback)
    claim, pending = await journal.taken("a")
    assert (pending.version, claim.attempt, pending.refetch) == (2, 1, False)


async def test_what_is_parked_while_a_newer_version_came_has_all_its_attempts_before_it(
    journal: Journal,
) -> None:
    await journal.fail(await journal.taken("a"), BROKEN)
    await journal.make_due(WORK)
    taken = await journal.taken("a")
    await journal.fetch("a", status="PENDING")
    assert await journal.fail(taken, PARK) == "park"
    await journal.reopen("a")
    await journal.worklist.resume("a")
    claim, pending = await journal.taken("a")
    assert (pending.version, claim.attempt) == (2, 1)


async def test_a_wait_that_the_target_asked_for_is_kept_though_a_newer_version_comes(
    journal: Journal,
) -> None:
    """Retry-After is respected whether the version comes before, during or after the failure."""
    asked = Setback("retry", "the target answered 429", delay=600, asked=True, most=10)
    taken = await journal.taken("a")
    await journal.fetch("a", status="PENDING")
    await journal.fail(taken, asked)
    assert await journal.delay_of(WORK) == 600
    await journal.fetch("a", status="OTHER_ERROR")
    assert await journal.delay_of(WORK) == 600
    await journal.make_due(WORK)
    await journal.handle("a")
    await journal.fetch("a", status="CONNECTED")
    assert await journal.due_in(WORK) <= 0


async def test_a_fetch_that_failed_while_more_events_came_waits_its_delay_but_has_all_attempts(
    journal: Journal,
) -> None:
    setback = Setback("retry", "Nectar answered 404", delay=60, most=2)
    await journal.accept()
    await journal.fail_fetch(await journal.take_fetch(), setback)
    await journal.make_due(refresh(ONE))
    taken = await journal.take_fetch()
    assert taken[0].attempt == 2
    await journal.accept()
    assert await journal.fail_fetch(taken, setback) == "retry"
    assert await journal.delay_of(refresh(ONE)) == 60
    await journal.make_due(refresh(ONE))
    assert (await journal.take_fetch())[0].attempt == 1


async def test_each_attempt_is_on_record(journal: Journal) -> None:
    await journal.fail(await journal.taken("a"), BROKEN)
    await journal.make_due(WORK)
    await journal.fail(await journal.taken("a"), DOWN)
    await journal.make_due(WORK)
    await journal.handle("a")
    entries = [fields for _, fields in await journal.redis.xrange(key("attempts"))]
    told = [(each["work"], each["outcome"], each["attempt"], each["detail"]) for each in entries[1:]]
    assert told == [
        (WORK, "retry", "1", "ValueError: no"),
        (WORK, "retry", "2", "the target answered 503"),
        (WORK, "done", "3", ""),
    ]
    assert (entries[0]["work"], entries[0]["outcome"]) == (refresh(ONE), "fetched")
    stats = (await journal.gauges.read()).stats
    assert (stats["delivery:a:retry"], stats["delivery:a:done"], stats["fetch:fetched"]) == (2, 1, 1)


async def test_work_that_was_handled_leaves_nothing_to_do(journal: Journal) -> None:
    await journal.handle("a")
    assert await journal.redis.zcard(key("due")) == 0
    assert await journal.redis.hlen(key("bells")) == 0
    assert await journal.redis.keys("nectar:awaiting:*") == []
    assert await journal.redis.keys("nectar:inbox:*") == []


def test_the_breaker_of_nectar_bears_no_handler_s_name() -> None:
    with pytest.raises(ValueError, match=NECTAR):
        handler(NECTAR)


async def test_promise_4_no_more_fetches_are_in_hand_than_nectar_asks_for(journal: Journal) -> None:
    """Of all workers together: the count is kept in Redis."""
    connections = [f"c{number}" for number in range(8)]
    await journal.accept_all([message(connection) for connection in connections])
    one, two = (Worklist(journal.store, max_fetches=3) for _ in range(2))
    room = {LINE: 100}
    taken = [claim for _, claim in (await one.claim(room)).taken]
    assert len(taken) == 3
    assert (await two.claim(room)).taken == []
    known = await journal.fetches.known("c0")
    await journal.settle_fetch((taken[0], known))
    assert len((await two.claim(room)).taken) == 1
    assert (await one.claim(room)).taken == []


async def test_promise_2_a_fetch_whose_holder_died_makes_room_when_its_lease_ends(journal: Journal) -> None:
    await journal.accept_all([message(connection) for connection in ("c1", "c2")])
    worklist = Worklist(journal.store, max_fetches=1)
    assert len((await worklist.claim({LINE: 100})).taken) == 1
    assert (await worklist.claim({LINE: 100})).taken == []
    await journal.redis.zadd(key("fetching"), {refresh("c1"): 1})
    assert [claim.work for _, claim in (await worklist.claim({LINE: 100})).taken] == [refresh("c2")]


async def test_work_that_two_bells_announce_is_taken_in_hand_once(journal: Journal) -> None:
    """Though both are heard at the same time."""
    await journal.redis.zadd(line_of("a"), {f"{WORK}#999": 999})
    taken = (await journal.worklist.claim({line_of("a"): 5})).taken
    assert [claim.work for _, claim in taken] == [WORK]
    assert await journal.redis.zcard(line_of("a")) == 0


async def test_what_is_in_hand_is_told_to_be_at_its_next_attempt(journal: Journal) -> None:
    for attempt in (1, 2):
        await journal.make_due(WORK)
        taken = await journal.taken("a")
        [held] = await read_works(journal.store, [WORK])
        assert (held.state, held.attempt) == (State.IN_HAND, attempt)
        await journal.fail(taken, BROKEN)
        [waiting] = await read_works(journal.store, [WORK])
        assert (waiting.state, waiting.attempt) == (State.DUE, attempt)
