"""The worklist against a model of it: whatever happens, in whatever order, these hold.

- Each piece of work is on exactly one list, or there is nothing to be done.
- What was accepted and is not covered by a fetch stands on a list.
- What a handler has yet to be shown stands on a list, or waits for a fetch that does.
- Nobody holds work beside another; versions, and what a handler is shown, never go back.
"""

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from receiver.journal import (
    NECTAR,
    Claim,
    Ended,
    Fetched,
    Known,
    Pending,
    Setback,
    Subject,
    connect,
    deliver,
    refresh,
)
from receiver.journal.store import key
from tests.integration.kit import BROKEN, DONE, DOWN, LATER, PARK, REJECT, RELEASE, SKIPPED, Journal, subject

CONNECTIONS = ("c1", "c2")
HANDLERS = ("a", "b")
LAST = Setback("retry", "ValueError: no", delay=60, most=1)

connections = st.sampled_from(CONNECTIONS)
breakers = st.sampled_from((NECTAR, *HANDLERS))
deliveries = st.sampled_from([(name, connection) for name in HANDLERS for connection in CONNECTIONS])
setbacks = st.sampled_from([BROKEN, DOWN, LATER, PARK, REJECT, RELEASE, LAST])


class Worklist(RuleBasedStateMachine):
    """Two connections, two handlers, and as many workers as one likes."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.journal = Journal(connect(self.url), failures_to_open=2)
        self.run(self.journal.redis.flushall())
        self.fetching: dict[str, tuple[Claim, Known]] = {}
        self.delivering: dict[str, tuple[Claim, Pending]] = {}
        self.lost: list[tuple[Claim, Known | Pending]] = []
        self.messages = 0
        self.newest: dict[str, str] = {}
        self.versions: dict[str, int] = dict.fromkeys(CONNECTIONS, 0)
        self.shown: dict[str, int] = {}
        self.handled: dict[str, int] = {}

    def run(self, what: Any) -> Any:
        return self.runner.run(what)

    def teardown(self) -> None:
        self.run(self.journal.store.close())
        self.runner.close()

    @initialize()
    def a_first_version_is_to_be_delivered_to_all(self) -> None:
        for connection in CONNECTIONS:
            self.accept(connection, again=False)
            self.run(self.journal.settle_fetch(self.run(self.journal.take_fetch(connection)), *HANDLERS))
            self.versions[connection] = 1

    @rule(connection=connections, again=st.booleans())
    def accept(self, connection: str, again: bool) -> None:
        if not again or not self.messages:
            self.messages += 1
        message = f"msg_{connection}_{self.messages}"
        receipt = self.run(self.journal.accept(connection, message))
        self.newest[connection] = receipt.event

    @rule(connection=connections)
    def begin_fetch(self, connection: str) -> None:
        work = refresh(connection)
        claim = self.run(self.journal.worklist.begin(work, NECTAR))
        if claim is not None:
            assert work not in self.fetching, "two hands on one fetch"
            self.fetching[work] = claim, self.run(self.journal.fetches.known(connection))

    @precondition(lambda self: self.fetching)
    @rule(data=st.data(), changed=st.booleans(), handlers=st.sets(st.sampled_from(HANDLERS)))
    def settle_fetch(self, data: st.DataObject, changed: bool, handlers: set[str]) -> None:
        claim, known = self.fetching.pop(data.draw(st.sampled_from(sorted(self.fetching))))
        connection = claim.work.partition(":")[2]
        concerned = sorted(handlers) if changed else []
        fetched = Fetched("CONNECTED", "{}" if changed else "", ["url"] * changed, concerned, took=0)
        version = self.run(self.journal.fetches.settle(claim, connection, known, fetched))
        assert version == (self.versions[connection] + 1 if changed else 0)
        self.versions[connection] += changed

    @precondition(lambda self: self.fetching)
    @rule(data=st.data(), setback=setbacks.filter(lambda each: each.reaction != "later"))
    def fail_fetch(self, data: st.DataObject, setback: Setback) -> None:
        claim, known = self.fetching.pop(data.draw(st.sampled_from(sorted(self.fetching))))
        about = Subject(since=known.covered, upto=known.mark)
        assert self.run(self.journal.worklist.fail(claim, setback, about)) is not None

    @rule(which=deliveries)
    def begin_delivery(self, which: tuple[str, str]) -> None:
        name, connection = which
        work = deliver(name, connection)
        claim = self.run(self.journal.take(name, connection))
        if claim is None:
            return
        assert work not in self.delivering, "two hands on one delivery"
        pending = self.run(self.journal.deliveries.pending(name, connection))
        assert pending.version >= self.shown.get(work, 1), "an older version than before"
        self.shown[work] = pending.version
        self.delivering[work] = claim, pending

    @precondition(lambda self: self.delivering)
    @rule(data=st.data(), ended=st.sampled_from([DONE, SKIPPED]))
    def settle_delivery(self, data: st.DataObject, ended: Ended) -> None:
        claim, pending = self.delivering.pop(data.draw(st.sampled_from(sorted(self.delivering))))
        if pending.refetch:
            self.run(self.journal.deliveries.await_fetch(claim))
        else:
            assert self.run(self.journal.deliveries.settle(claim, pending, ended, took=0))
            self.handled[claim.work] = pending.version

    @precondition(lambda self: self.delivering)
    @rule(data=st.data(), setback=setbacks)
    def fail_delivery(self, data: st.DataObject, setback: Setback) -> None:
        claim, pending = self.delivering.pop(data.draw(st.sampled_from(sorted(self.delivering))))
        assert self.run(self.journal.worklist.fail(claim, setback, subject(pending))) is not None

    @precondition(lambda self: self.fetching or self.delivering)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """A worker dies, or only seems to: what it had in hand comes late, if ever."""
        held: Any = self.fetching | self.delivering
        work = data.draw(st.sampled_from(sorted(held)))
        self.run(self.journal.make_due(work))
        self.lost.append(held[work])
        self.fetching.pop(work, None)
        self.delivering.pop(work, None)

    @precondition(lambda self: self.lost)
    @rule(data=st.data(), setback=setbacks)
    def come_late(self, data: st.DataObject, setback: Setback) -> None:
        position = data.draw(st.integers(0, len(self.lost) - 1))
        claim, known = self.lost[position]
        about = subject(known) if isinstance(known, Pending) else Subject(upto=known.mark)
        before = self.run(self.journal.dump())
        holds = before[key(claim.work)].get("hand") == claim.token
        went = self.run(self.journal.worklist.fail(claim, setback, about))
        if holds:
            # Who has lost its lease may still settle what nobody has taken since.
            assert went is not None
            del self.lost[position]
        else:
            assert went is None
            self.run(self.settle_late(claim, known))
            assert self.run(self.journal.dump()) == before

    async def settle_late(self, claim: Claim, known: Known | Pending) -> None:
        if isinstance(known, Pending):
            assert not await self.journal.deliveries.settle(claim, known, DONE, took=0)
            await self.journal.deliveries.await_fetch(claim)
        else:
            late = Fetched("OTHER_ERROR", "{}", ["url"], HANDLERS, took=0)
            connection = claim.work.partition(":")[2]
            assert await self.journal.fetches.settle(claim, connection, known, late) is None

    @rule(which=deliveries)
    def replay(self, which: tuple[str, str]) -> None:
        name, connection = which
        if self.versions[connection]:
            self.run(self.journal.store.run("replay", connection, name))

    @rule()
    def let_delays_pass(self) -> None:
        waiting = set(self.run(self.journal.redis.zrange(key("due"), 0, -1)))
        works = waiting - self.fetching.keys() - self.delivering.keys()
        self.run(self.journal.make_due(*works))

    @rule(breaker=breakers, wait_is_over=st.booleans())
    def resume(self, breaker: str, wait_is_over: bool) -> None:
        if wait_is_over and self.run(self.journal.redis.hexists(key("breaker", breaker), "until")):
            self.run(self.journal.reopen(breaker))
        self.run(self.journal.worklist.resume(breaker))

    @rule()
    def sweep(self) -> None:
        self.run(self.journal.worklist.sweep())

    @invariant()
    def what_is_to_be_done_is_on_exactly_one_list(self) -> None:
        for connection in CONNECTIONS:
            self.run(self.check(connection))

    async def check(self, connection: str) -> None:
        redis = self.journal.redis
        wanted, covered = await redis.hmget(key("connection", connection), "wanted", "covered")
        fetch = await self.journal.lists(refresh(connection))
        assert len(fetch) == (wanted != covered), f"fetch: {wanted=} {covered=} {fetch}"
        if connection in self.newest:
            assert _order(wanted) >= _order(self.newest[connection])
        awaiting = await redis.hgetall(key("awaiting", connection))
        for name in HANDLERS:
            work = deliver(name, connection)
            state = await redis.hgetall(key(work))
            lists = await self.journal.lists(work)
            assert len(lists) <= 1, lists
            assert not state.get("hand") or lists == {"due"}, "in hand and not leased"
            if int(state.get("wanted", 0)) > int(state.get("version", 0)):
                assert lists or name in awaiting, f"{work} is stranded: {state}"
            if state.get("again"):
                assert state.get("hand"), f"{work} is stranded: {state}"
            if name in awaiting:
                assert fetch, f"{work} waits for a fetch that does not come"
            assert int(state.get("version", 0)) == self.handled.get(work, 0)

    @invariant()
    def what_is_parked_has_a_breaker_that_is_looked_after(self) -> None:
        watched = self.run(self.journal.worklist.breakers())
        for breaker in (NECTAR, *HANDLERS):
            if self.run(self.journal.redis.zcard(key("parked", breaker))):
                assert breaker in watched

    @invariant()
    def the_next_sweep_finds_all_that_is_overdue(self) -> None:
        """Each overdue piece of work has a bell in line, or is rung for."""
        overdue = set(self.run(self.journal.redis.zrange(key("due"), 0, 2, byscore=True)))
        self.run(self.journal.worklist.sweep())
        assert overdue <= set(self.run(self.journal.bells()))


def _order(mark: str) -> list[int]:
    return [int(part) for part in mark.split("-")]


def test_promises_2_and_6_hold_for_whatever_happens_in_whatever_order(shared_valkey: Any) -> None:
    machine = type("Machine", (Worklist,), {"url": shared_valkey.connection_url})
    bounded = settings(max_examples=50, stateful_step_count=60)
    run_state_machine_as_test(machine, settings=bounded)
