"""A replay goes the way of all work: it is fetched first, fenced, and waits where all else waits."""

import pytest

from receiver.api import Change, Context, Done, Outcome, Rejected
from receiver.journal import Store, deliver, refresh
from receiver.journal.replays import Replays
from receiver.journal.store import key
from tests.integration.bench import Recorder, bench
from tests.integration.kit import DOWN, ONE, PARK, REJECT, SKIPPED, Journal

pytestmark = pytest.mark.anyio


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


@pytest.fixture
def replays(store: Store) -> Replays:
    return Replays(store)


async def test_it_is_fetched_and_shown_though_nothing_has_changed(journal: Journal, replays: Replays) -> None:
    """Only to the handlers that were asked for."""
    await journal.fetch("a", "b")
    await journal.handle("a")
    await journal.handle("b", SKIPPED)
    await replays.replay(ONE, ["b"])
    assert await journal.lists(deliver("b", ONE)) == set(), "not before it has been fetched"
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.lists(deliver("a", ONE)) == set()
    again = await journal.handle("b")
    assert (again.version, again.handled_version) == (1, 1)


async def test_twice_is_once(journal: Journal, replays: Replays) -> None:
    await journal.fetch("a")
    await journal.handle("a")
    await replays.replay(ONE, ["a"])
    await replays.replay(ONE, ["a"])
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    await journal.handle("a")
    assert await journal.lists(refresh(ONE)) == set()
    assert await journal.lists(deliver("a", ONE)) == set()


async def test_promise_3_a_fetch_that_is_under_way_does_not_count(journal: Journal, replays: Replays) -> None:
    """It may have been answered before the replay was asked for."""
    await journal.fetch("a")
    await journal.handle("a")
    await journal.accept()
    taken = await journal.take_fetch()
    await replays.replay(ONE, ["a"])
    await journal.settle_fetch(taken, changed=())
    assert await journal.lists(deliver("a", ONE)) == set()
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    await journal.handle("a")


async def test_what_is_in_hand_is_shown_once_more_when_that_is_settled(
    journal: Journal, replays: Replays
) -> None:
    """Nobody is given a second hand on the same work."""
    await journal.fetch("a")
    held = await journal.taken("a")
    await replays.replay(ONE, ["a"])
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.take("a") is None
    assert await journal.deliveries.settle(*held, SKIPPED, took=0)
    await journal.handle("a")
    assert await journal.lists(deliver("a", ONE)) == set()


async def test_what_is_parked_waits_for_its_breaker(journal: Journal, replays: Replays) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), PARK)
    await replays.replay(ONE, ["a"])
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.lists(deliver("a", ONE)) == {"parked:a"}
    await journal.reopen("a")
    await journal.worklist.resume("a")
    await journal.handle("a")


async def test_while_nectar_refuses_us_the_fetch_waits(journal: Journal, replays: Replays) -> None:
    await journal.fetch("a")
    await journal.handle("a")
    await journal.accept()
    await journal.fail_fetch(await journal.take_fetch(), PARK)
    await replays.replay(ONE, ["a"])
    assert await journal.lists(refresh(ONE)) == {"parked:nectar"}
    await journal.reopen("nectar")
    await journal.worklist.resume("nectar")
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    await journal.handle("a")


async def test_a_dead_letter_is_one_until_it_has_been_fetched(journal: Journal, replays: Replays) -> None:
    """Then it has all its attempts before it."""
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), REJECT)
    await replays.replay(ONE, ["a"])
    assert await journal.lists(deliver("a", ONE)) == {"dead"}
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.lists(deliver("a", ONE)) == {"due"}
    claim, _ = await journal.taken("a")
    assert claim.attempt == 1


async def test_a_dead_fetch_is_tried_again_at_once(journal: Journal, replays: Replays) -> None:
    await journal.accept()
    await journal.fail_fetch(await journal.take_fetch(), REJECT)
    await replays.replay(ONE, [])
    assert await journal.lists(refresh(ONE)) == {"due"}
    claim, _ = await journal.take_fetch()
    assert claim.attempt == 1


async def test_who_asked_to_be_left_alone_for_a_while_is(journal: Journal, replays: Replays) -> None:
    """A target's Retry-After holds for a replay too."""
    await journal.fetch("a")
    asked = type(DOWN)("retry", "the target answered 429", delay=60, asked=True, most=10)
    await journal.fail(await journal.taken("a"), asked)
    await replays.replay(ONE, ["a"])
    await journal.settle_fetch(await journal.take_fetch(), changed=())
    assert await journal.due_in(deliver("a", ONE)) > 50


async def test_no_event_is_made_of_it(journal: Journal, replays: Replays) -> None:
    await journal.fetch("a")
    await replays.replay(ONE, ["a"])
    assert await journal.redis.xlen(key("events")) == 1


async def test_finished_steps_count_when_it_is_the_same_version(redis_url: str) -> None:
    """The ticket that was opened is not opened again."""
    opened: list[str] = []

    async def open_ticket(change: Change, ctx: Context) -> Outcome:
        async def effect() -> str:
            opened.append("TICKET-7")
            return "TICKET-7"

        return Done(await ctx.once("open", effect))

    one = Recorder("a", open_ticket, open_ticket)
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("password-incorrect")
        await running.happen(connection)
        await Replays(running.journal.store).replay(connection, ["a"])
        await running.work_off()
        assert len(one.shown) == 2
        assert opened == ["TICKET-7"]


async def test_what_changed_meanwhile_is_shown_once_and_as_it_is_now(redis_url: str) -> None:
    one = Recorder("a", Rejected("not like that"))
    async with bench(redis_url, one) as running:
        connection = running.nectar.add("password-incorrect")
        await running.happen(connection)
        running.nectar.edit(connection, status="CONNECTED")
        await Replays(running.journal.store).replay(connection, ["a"])
        await running.work_off()
        assert one.statuses == ["PASSWORD_INCORRECT", "CONNECTED"]
