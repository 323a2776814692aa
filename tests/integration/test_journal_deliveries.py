"""What a handler is shown, and what it keeps: memory, and the steps that it has finished."""

import pytest

from receiver.journal import (
    Ended,
    LostClaim,
    Message,
    RecordedSteps,
    Setback,
    Store,
    connect,
    deliver,
    kept_memory,
)
from receiver.journal.deliveries import LONGEST_MEMORY
from receiver.journal.store import key
from receiver.journal.worklist import MOST_CHANGES
from tests.integration.kit import BROKEN, DONE, ONE, REJECT, Journal

pytestmark = pytest.mark.anyio

A = deliver("a", ONE)


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


async def steps(journal: Journal) -> RecordedSteps:
    """The steps of the delivery that is due, taken in hand."""
    claim, pending = await journal.taken("a")
    return RecordedSteps(journal.store, claim, pending)


async def end(journal: Journal) -> None:
    """Let the delivery in hand succeed."""
    await journal.make_due(A)
    await journal.handle("a")


async def replay(journal: Journal) -> None:
    """Bring a delivery back that has nothing new to show."""
    await journal.redis.zadd(key("due"), {A: 1})


async def test_the_first_delivery_is_of_everything_and_of_no_status_before(journal: Journal) -> None:
    await journal.fetch("a", changed=("status",))
    _, pending = await journal.taken("a")
    assert (pending.version, pending.handled_version) == (1, 0)
    assert (pending.changed, pending.handled_status) == (None, None)


async def test_promise_6_all_that_changed_since_the_handler_last_succeeded_is_shown_together(
    journal: Journal,
) -> None:
    await journal.fetch("a", "b")
    await journal.handle("a", Ended("done", "", "CONNECTED"))
    for number, name in enumerate(("status", "url", "accounts")):
        await journal.intake.accept(Message(f"msg_{name}", f"connection.kind{number}", ONE, b"{}"))
        await journal.settle_fetch(await journal.take_fetch(), "a", status=f"S{number}", changed=(name,))
        await journal.fail(await journal.taken("a"), BROKEN)
    await journal.make_due(A)
    pending = await journal.handle("a", Ended("done", "", "S2"))
    assert pending.version == 4
    assert pending.changed == frozenset({"status", "url", "accounts"})
    assert pending.handled_status == "CONNECTED"
    assert pending.events == (
        ("msg_status", "connection.kind0"),
        ("msg_url", "connection.kind1"),
        ("msg_accounts", "connection.kind2"),
    )
    await journal.fetch("a", changed=("country",))
    _, pending = await journal.taken("a")
    assert (pending.changed, pending.handled_status) == (frozenset({"country"}), "S2")


async def test_who_is_far_behind_is_told_that_everything_may_have_changed(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.handle("a")
    for _ in range(MOST_CHANGES + 1):
        await journal.fetch("a", changed=("url",))
    _, pending = await journal.taken("a")
    assert pending.changed is None
    assert len(pending.events) == 100


async def test_a_handler_remembers_for_each_connection_apart(journal: Journal) -> None:
    await journal.fetch("a", "b")
    await journal.handle("a", Ended("done", "T-1", "CONNECTED", '{"ticket":"T-1","umlaut":"ü"}'))
    await journal.fetch("a", "b", status="PENDING")
    await journal.fetch("a", connection="other")
    assert (await journal.taken("a"))[1].memory == {"ticket": "T-1", "umlaut": "ü"}
    assert (await journal.taken("b"))[1].memory == {}
    assert (await journal.taken("a", "other"))[1].memory == {}


async def test_what_a_handler_has_forgotten_is_remembered_no_longer(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.handle("a", Ended("done", "T-1", "CONNECTED", '{"ticket":"T-1"}'))
    await journal.fetch("a", status="PENDING")
    await journal.handle("a", Ended("done", "", "PENDING", "{}"))
    await journal.fetch("a")
    assert (await journal.taken("a"))[1].memory == {}


async def test_a_success_settles_all_that_was_amiss(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), BROKEN)
    await journal.make_due(A)
    await journal.handle("a", Ended("done", "T-1", "CONNECTED"))
    kept = await journal.redis.hgetall(key("deliver", "a", ONE))
    assert {"reason", "trace", "attempt", "hand", "not_before"}.isdisjoint(kept)
    assert (kept["outcome"], kept["detail"], kept["version"]) == ("done", "T-1", "1")


async def test_a_success_ends_the_count_of_those_who_died_over_it(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.taken("a")
    await journal.make_due(A)
    assert (await journal.taken("a"))[0].deaths == 1
    await journal.make_due(A)
    await journal.handle("a")
    assert "deaths" not in await journal.redis.hgetall(key("deliver", "a", ONE))


async def test_a_finished_step_stays_finished_over_retries_and_newer_versions(journal: Journal) -> None:
    await journal.fetch("a")
    first = await steps(journal)
    assert await first.recall("mail") is None
    await first.record("mail", {"id": 7})
    await journal.make_due(A)
    assert await (await steps(journal)).recall("mail") == ({"id": 7},)
    await journal.fetch("a", status="PENDING")
    await journal.make_due(A)
    newer = await steps(journal)
    assert await newer.recall("mail") == ({"id": 7},)
    await newer.record("ticket", None)
    assert await newer.recall("ticket") == (None,)


async def test_after_a_success_each_step_is_to_be_done_again(journal: Journal) -> None:
    await journal.fetch("a")
    await (await steps(journal)).record("mail", 1)
    await end(journal)
    await journal.fetch("a", status="PENDING")
    newer = await steps(journal)
    assert await newer.recall("mail") is None
    await newer.record("ticket", 2)
    assert await newer.recall("mail") is None


async def test_in_a_replay_the_steps_of_that_success_count(journal: Journal) -> None:
    await journal.fetch("a")
    await (await steps(journal)).record("mail", 1)
    await end(journal)
    for _ in range(2):
        await replay(journal)
        again = await steps(journal)
        assert await again.recall("mail") == (1,)
        await end(journal)


async def test_in_a_replay_the_steps_of_an_earlier_success_do_not_count(journal: Journal) -> None:
    await journal.fetch("a")
    await (await steps(journal)).record("mail", 1)
    await end(journal)
    await journal.fetch("a", status="PENDING")
    await journal.handle("a")
    await replay(journal)
    again = await steps(journal)
    assert await again.recall("mail") is None
    await again.record("mail", 2)
    assert await again.recall("mail") == (2,)


async def test_a_step_belongs_to_one_handler_and_one_connection(journal: Journal) -> None:
    await journal.fetch("a", "b")
    await journal.fetch("a", connection="other")
    await (await steps(journal)).record("mail", 1)
    for name, connection in (("b", ONE), ("a", "other")):
        claim, pending = await journal.taken(name, connection)
        assert await RecordedSteps(journal.store, claim, pending).recall("mail") is None


async def test_a_step_s_result_must_be_small(journal: Journal) -> None:
    await journal.fetch("a")
    with pytest.raises(ValueError, match="'mail' returned more than"):
        await (await steps(journal)).record("mail", "x" * LONGEST_MEMORY)


async def test_steps_are_not_lost_sight_of_when_redis_is_away(journal: Journal) -> None:
    """An effect whose record failed must not be taken for a failure of the handler, or be settled."""
    await journal.fetch("a")
    claim, pending = await journal.taken("a")
    away = connect("redis://127.0.0.1:1/0")
    with pytest.raises(LostClaim, match="away"):
        await RecordedSteps(away, claim, pending).recall("mail")
    with pytest.raises(LostClaim, match="away"):
        await RecordedSteps(away, claim, pending).record("mail", 1)
    await away.close()


def test_memory_must_be_json_and_small() -> None:
    text = kept_memory({"ticket": "T-1", "list": [1, None, {"a": 0.5}]})
    assert text == '{"ticket":"T-1","list":[1,null,{"a":0.5}]}'
    circle: dict[str, object] = {}
    circle["itself"] = circle
    for wrong in ({"when": object()}, {"half": "\ud83d"}, circle, {"long": "ü" * (LONGEST_MEMORY // 2)}):
        setback = kept_memory(wrong)  # type: ignore[arg-type]  # what a handler's author may put there
        assert isinstance(setback, Setback)
        assert setback.reaction == "reject"
        assert "ctx.memory cannot be kept" in setback.reason


async def test_text_that_no_one_can_encode_is_kept_as_far_as_it_can_be(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.handle("a", Ended("done", "half \ud83d", "CONNECTED"))
    assert await journal.redis.hget(key("deliver", "a", ONE), "detail") == "half ?"


async def test_a_dead_letter_names_the_events_that_it_concerns(journal: Journal) -> None:
    first = await journal.accept()
    await journal.settle_fetch(await journal.take_fetch(), "a")
    await journal.handle("a", DONE)
    second = await journal.accept()
    await journal.settle_fetch(await journal.take_fetch(), "a")
    await journal.fail(await journal.taken("a"), REJECT)
    assert await journal.redis.hgetall(key("dead", ONE)) == {A: f"{first.event} {second.event}"}
