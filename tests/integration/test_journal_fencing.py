"""A transition that comes late, twice, or by a stale token changes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from receiver.journal import Claim, LostClaim, RecordedSteps, Setback, Store, deliver, refresh
from receiver.journal.store import key
from tests.integration.kit import (
    BROKEN,
    DONE,
    DOWN,
    LATER,
    ONE,
    PARK,
    REJECT,
    RELEASE,
    Journal,
    subject,
)

pytestmark = pytest.mark.anyio

Settle = Callable[[Journal, Claim], Awaitable[Any]]


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


async def handled(journal: Journal, claim: Claim) -> Any:
    pending = await journal.deliveries.pending("a", ONE)
    return await journal.deliveries.settle(claim, pending, DONE, took=0.01)


async def awaited(journal: Journal, claim: Claim) -> Any:
    await journal.deliveries.await_fetch(claim)


async def recorded(journal: Journal, claim: Claim) -> Any:
    steps = RecordedSteps(journal.store, claim, await journal.deliveries.pending("a", ONE))
    with pytest.raises(LostClaim):
        await steps.record("mail", "sent")


def failed(setback: Setback) -> Settle:
    async def settle(journal: Journal, claim: Claim) -> Any:
        pending = await journal.deliveries.pending("a", ONE)
        return await journal.worklist.fail(claim, setback, subject(pending))

    return settle


async def fetched(journal: Journal, claim: Claim) -> Any:
    return await journal.settle_fetch((claim, await journal.fetches.known(ONE)), "a", "b")


async def fetch_failed(journal: Journal, claim: Claim) -> Any:
    return await journal.fail_fetch((claim, await journal.fetches.known(ONE)), BROKEN)


OF_DELIVERIES = {
    "handled": handled,
    "put aside": awaited,
    **{each.reaction: failed(each) for each in (BROKEN, LATER, PARK, REJECT, RELEASE)},
    "down": failed(DOWN),
}
OF_FETCHES = {"fetched": fetched, "failed": fetch_failed}


def cases(transitions: Mapping[str, Settle]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("settle", transitions.values(), ids=transitions)


@cases({**OF_DELIVERIES, "a step": recorded})
async def test_a_delivery_is_not_settled_by_a_hand_that_lost_it(journal: Journal, settle: Settle) -> None:
    await journal.fetch("a")
    late, _ = await journal.taken("a")
    await journal.make_due(deliver("a", ONE))
    await journal.taken("a")
    before = await journal.dump()
    assert not await settle(journal, late)
    assert await journal.dump() == before


@cases(OF_DELIVERIES)
async def test_a_delivery_is_settled_once(journal: Journal, settle: Settle) -> None:
    await journal.fetch("a")
    claim, _ = await journal.taken("a")
    await settle(journal, claim)
    before = await journal.dump()
    for other in (*OF_DELIVERIES.values(), recorded):
        assert not await other(journal, claim)
    assert await journal.dump() == before


@cases(OF_FETCHES)
async def test_a_fetch_is_not_settled_by_a_hand_that_lost_it(journal: Journal, settle: Settle) -> None:
    await journal.accept()
    late, _ = await journal.take_fetch()
    await journal.make_due(refresh(ONE))
    await journal.take_fetch()
    before = await journal.dump()
    assert await settle(journal, late) is None
    assert await journal.dump() == before


@cases(OF_FETCHES)
async def test_a_fetch_is_settled_once(journal: Journal, settle: Settle) -> None:
    await journal.accept()
    claim, _ = await journal.take_fetch()
    assert await settle(journal, claim) is not None
    before = await journal.dump()
    for other in OF_FETCHES.values():
        assert await other(journal, claim) is None
    assert await journal.dump() == before


async def test_work_parked_after_its_holder_died_is_not_settled_by_that_holder(journal: Journal) -> None:
    """Its lease ran out while the breaker was open: the next to come parks it, and the late one is fenced."""
    await journal.fetch("a")
    late, _ = await journal.taken("a")
    await journal.fetch("a", connection="another")
    claim, pending = await journal.taken("a", "another")
    await journal.fail((claim, pending), PARK)
    await journal.make_due(deliver("a", ONE))
    assert await journal.take("a") is None
    assert await journal.lists(deliver("a", ONE)) == {"parked:a"}
    before = await journal.dump()
    for settle in (*OF_DELIVERIES.values(), recorded):
        assert not await settle(journal, late)
    assert await journal.dump() == before


async def test_a_lease_is_renewed_for_the_current_token_only(journal: Journal) -> None:
    await journal.fetch("a")
    late, _ = await journal.taken("a")
    await journal.make_due(deliver("a", ONE))
    current, _ = await journal.taken("a")
    work = deliver("a", ONE)
    await journal.redis.zadd(key("due"), {work: 1})
    assert await journal.store.run("renew", 8000, work, late.token) == 0
    assert await journal.store.run("renew", 8000, work, current.token) == 1
    assert await journal.due_in(work) == pytest.approx(8, abs=5)
    await journal.deliveries.settle(current, await journal.deliveries.pending("a", ONE), DONE, took=0)
    assert await journal.store.run("renew", 8000, work, current.token) == 0
    assert await journal.lists(work) == set()


async def test_what_is_not_known_at_all_can_be_neither_begun_nor_settled(journal: Journal) -> None:
    before = await journal.dump()
    assert await journal.take("a") is None
    claim = Claim(deliver("a", ONE), "1", 1, 0)
    for settle in OF_DELIVERIES.values():
        assert not await settle(journal, claim)
    assert await journal.worklist.resume("a") == 0
    assert await journal.dump() == before
