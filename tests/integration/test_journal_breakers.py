"""Promise 8: trouble on another side closes a door; work waits before it and goes on by itself."""

import pytest

from receiver.journal import Setback, Store, deliver, refresh
from receiver.journal.store import key
from tests.integration.kit import BROKEN, DOWN, LATER, ONE, PARK, REJECT, RELEASE, SKIPPED, TWO, Journal

pytestmark = pytest.mark.anyio


@pytest.fixture
def journal(store: Store) -> Journal:
    """Three failures in a row open a breaker."""
    return Journal(store)


async def due(journal: Journal, *connections: str) -> None:
    """Make a delivery to `a` due for each of these connections."""
    for connection in connections:
        await journal.fetch("a", connection=connection)


async def wait_of(journal: Journal, connection: str, breaker: str = "a") -> float:
    """Seconds from when this delivery was settled until the breaker lets one try."""
    until = await journal.redis.hget(key("breaker", breaker), "until")
    settled = await journal.redis.hget(key("deliver", breaker, connection), "settled")
    return (int(until) - int(settled)) / 1000


async def probe(journal: Journal, connection: str, setback: Setback) -> str | None:
    """Let time pass until a delivery may try, and let it end so."""
    await journal.reopen("a")
    await journal.worklist.resume("a")
    return await journal.fail(await journal.taken("a", connection), setback)


async def test_promise_8_failures_in_a_row_of_one_handler_open_its_breaker(journal: Journal) -> None:
    await due(journal, "c1", "c2", "c3", "c4")
    assert await journal.fail(await journal.taken("a", "c1"), DOWN) == "retry"
    assert await journal.fail(await journal.taken("a", "c2"), DOWN) == "retry"
    assert await journal.fail(await journal.taken("a", "c3"), DOWN) == "park"
    assert await journal.take("a", "c4") is None
    assert await journal.lists(deliver("a", "c4")) == {"parked:a"}
    [breaker] = (await journal.gauges.read()).breakers
    assert (breaker.name, breaker.reason, breaker.parked) == ("a", DOWN.reason, 2)


async def test_promise_5_another_handler_is_not_held_up_by_it(journal: Journal) -> None:
    await journal.fetch("a", "b")
    await journal.fail(await journal.taken("a"), PARK)
    assert await journal.take("b") is not None


async def test_a_success_in_between_begins_the_row_anew(journal: Journal) -> None:
    await due(journal, *(f"c{number}" for number in range(5)))
    for number in (0, 1):
        await journal.fail(await journal.taken("a", f"c{number}"), DOWN)
    await journal.handle("a", connection="c2")
    for number in (3, 4):
        assert await journal.fail(await journal.taken("a", f"c{number}"), DOWN) == "retry"


async def test_promise_8_a_skip_in_between_does_not(journal: Journal) -> None:
    """Who skips may not have asked its target for anything."""
    await due(journal, *(f"c{number}" for number in range(6)))
    for number in (0, 2):
        await journal.fail(await journal.taken("a", f"c{number}"), DOWN)
        await journal.handle("a", SKIPPED, connection=f"c{number + 1}")
    assert await journal.fail(await journal.taken("a", "c4"), DOWN) == "park"
    assert await journal.take("a", "c5") is None


async def test_failures_of_the_handler_s_own_open_nothing(journal: Journal) -> None:
    await due(journal, *(f"c{number}" for number in range(5)))
    for number in range(5):
        assert await journal.fail(await journal.taken("a", f"c{number}"), BROKEN) == "retry"


async def test_after_its_wait_one_piece_of_work_tries_and_the_rest_waits_for_what_it_finds(
    journal: Journal,
) -> None:
    await due(journal, "c1", "c2", "c3")
    await journal.fail(await journal.taken("a", "c1"), PARK)
    assert await journal.take("a", "c2") is None
    await journal.reopen("a")
    assert await journal.worklist.resume("a") == 1
    assert await journal.take("a", "c1") is not None
    assert await journal.take("a", "c3") is None
    assert await journal.worklist.resume("a") == 2, "no second one is let go beside it"


async def test_however_long_that_one_takes_there_is_no_other(journal: Journal) -> None:
    """Its lease counts, not the time since it began."""
    await due(journal, "c1", "c2")
    await journal.fail(await journal.taken("a", "c1"), PARK)
    await journal.reopen("a")
    await journal.worklist.resume("a")
    claim, _ = await journal.taken("a", "c1")
    await journal.store.run("renew", 60_000, claim.work, claim.token)
    assert await journal.take("a", "c2") is None
    assert await journal.worklist.resume("a") == 1


async def test_when_that_one_dies_another_tries(journal: Journal) -> None:
    await due(journal, "c1", "c2")
    await journal.fail(await journal.taken("a", "c1"), PARK)
    await journal.reopen("a")
    await journal.worklist.resume("a")
    await journal.taken("a", "c1")
    await journal.make_due(deliver("a", "c1"))
    assert await journal.take("a", "c2") is not None
    assert await journal.take("a", "c1") is None


async def test_promise_8_a_success_closes_it_and_all_that_waits_is_let_go(journal: Journal) -> None:
    connections = [f"c{number}" for number in range(450)]
    await due(journal, *connections)
    await journal.fail(await journal.taken("a", "c0"), PARK)
    for connection in connections[1:]:
        assert await journal.take("a", connection) is None
    await journal.reopen("a")
    await journal.worklist.resume("a")
    await journal.mute()
    await journal.handle("a", connection="c0")
    assert await journal.bells() == ["resume:a"]
    left = [await journal.worklist.resume("a") for _ in range(3)]
    assert left == [249, 49, 0]
    assert await journal.redis.zcard(key("due")) == 449
    assert await journal.worklist.breakers() == []
    assert (await journal.gauges.read()).breakers == ()


async def test_the_wait_doubles_with_each_try_up_to_a_minute_and_begins_anew_after_a_success(
    journal: Journal,
) -> None:
    await due(journal, ONE)
    await journal.fail(await journal.taken("a", ONE), PARK)
    waits = [await wait_of(journal, ONE)]
    for _ in range(6):
        assert await probe(journal, ONE, PARK) == "park"
        waits.append(await wait_of(journal, ONE))
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    await journal.reopen("a")
    await journal.worklist.resume("a")
    await journal.handle("a")
    await due(journal, TWO)
    await journal.fail(await journal.taken("a", TWO), PARK)
    assert await wait_of(journal, TWO) == 2


async def test_what_was_under_way_when_it_opened_does_not_prolong_the_wait(journal: Journal) -> None:
    """Otherwise an outage of a second under load would be a pause of a minute."""
    connections = [f"c{number}" for number in range(10)]
    await due(journal, *connections)
    taken = [await journal.taken("a", connection) for connection in connections]
    for each in taken:
        await journal.fail(each, PARK)
    assert await wait_of(journal, "c0") == 2


async def test_a_wait_that_the_other_side_asked_for_is_kept(journal: Journal) -> None:
    await due(journal, "c1", "c2", "c3")
    taken = [await journal.taken("a", connection) for connection in ("c1", "c2", "c3")]
    asks = [Setback("park", "429", delay=delay, asked=True) for delay in (90.0, 300.0, 20.0)]
    waits = []
    for each, asked in zip(taken, asks, strict=True):
        await journal.fail(each, asked)
        waits.append(await wait_of(journal, "c1"))
    assert waits == pytest.approx([90, 300, 300], abs=5)


async def test_the_backoff_of_one_piece_of_work_does_not_keep_the_breaker_open(journal: Journal) -> None:
    await due(journal, "c1", "c2", "c3")
    for connection in ("c1", "c2", "c3"):
        slow = Setback("retry", "503", delay=900, down=True, most=10)
        await journal.fail(await journal.taken("a", connection), slow)
    assert await wait_of(journal, "c3") == 2


@pytest.mark.parametrize("setback", [BROKEN, LATER, REJECT, RELEASE], ids=lambda each: each.reaction)
async def test_what_says_nothing_of_the_other_side_leaves_the_next_to_find_out_at_once(
    journal: Journal, setback: Setback
) -> None:
    await due(journal, "c1", "c2")
    await journal.fail(await journal.taken("a", "c1"), PARK)
    assert await journal.take("a", "c2") is None
    await probe(journal, "c1", setback)
    assert "resume:a" in await journal.bells()
    assert await journal.worklist.resume("a") == 0
    await journal.handle("a", connection="c2")
    assert await journal.redis.exists(key("breaker", "a")) == 0


async def test_a_skip_leaves_the_next_to_find_out_at_once(journal: Journal) -> None:
    await due(journal, "c1", "c2", "c3")
    await journal.fail(await journal.taken("a", "c1"), PARK)
    for connection in ("c2", "c3"):
        assert await journal.take("a", connection) is None
    await journal.reopen("a")
    await journal.worklist.resume("a")
    await journal.handle("a", SKIPPED, connection="c1")
    assert await journal.worklist.resume("a") == 1
    assert await journal.take("a", "c2") is not None
    assert await journal.worklist.resume("a") == 1


async def test_what_waits_for_a_fresh_fetch_leaves_the_next_to_find_out_at_once(journal: Journal) -> None:
    await due(journal, "c1", "c2")
    await journal.fail(await journal.taken("a", "c2"), LATER)
    await journal.fail(await journal.taken("a", "c1"), PARK)
    await journal.reopen("a")
    await journal.make_due(deliver("a", "c2"))
    claim, pending = await journal.taken("a", "c2")
    assert pending.refetch
    await journal.deliveries.await_fetch(claim)
    assert await journal.worklist.resume("a") == 0
    assert await journal.take("a", "c1") is not None


async def test_promise_8_fetches_wait_for_nectar_in_the_same_way(journal: Journal) -> None:
    await journal.accept(ONE)
    await journal.accept(TWO)
    await journal.fail_fetch(await journal.take_fetch(ONE), PARK)
    assert await journal.worklist.begin(refresh(TWO), "nectar") is None
    assert await journal.lists(refresh(TWO)) == {"parked:nectar"}
    await journal.accept(TWO)
    assert await journal.lists(refresh(TWO)) == {"parked:nectar"}
    await journal.reopen("nectar")
    await journal.worklist.resume("nectar")
    await journal.settle_fetch(await journal.take_fetch(ONE))
    await journal.worklist.resume("nectar")
    await journal.settle_fetch(await journal.take_fetch(TWO))
    assert await journal.redis.zcard(key("due")) == 0


async def test_promise_2_what_is_parked_though_the_breaker_is_gone_is_let_go_by_the_sweep(
    journal: Journal,
) -> None:
    """The bell of the breaker that closed may have been lost."""
    await due(journal, "c1", "c2")
    await journal.fail(await journal.taken("a", "c1"), PARK)
    await journal.reopen("a")
    await journal.worklist.resume("a")
    await journal.fail(await journal.taken("a", "c1"), PARK)
    await journal.redis.delete(key("breaker", "a"))
    await journal.mute()
    assert await journal.worklist.breakers() == ["a"]
    await journal.worklist.resume("a")
    assert await journal.lists(deliver("a", "c1")) == {"due"}


async def test_an_open_breaker_costs_the_redelivered_nothing(journal: Journal) -> None:
    """A newer version of what is parked neither takes it out nor rings; it is shown when the door opens."""
    await due(journal, ONE)
    await journal.fail(await journal.taken("a"), PARK)
    await journal.fetch("a", status="PENDING")
    assert await journal.lists(deliver("a", ONE)) == {"parked:a"}
    await journal.reopen("a")
    await journal.worklist.resume("a")
    assert (await journal.handle("a")).version == 2
    assert await journal.lists(deliver("a", ONE)) == set()
