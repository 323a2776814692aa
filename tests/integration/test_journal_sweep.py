"""Promise 2: work that no job stands behind is found; and what arq holds are bells, ids and nothing else."""

import json

import pytest

from receiver.journal import Store, deliver, refresh
from receiver.journal.store import key
from receiver.journal.worklist import GRACE, SWEPT_AT_A_TIME
from receiver.queue.bells import bell_pool, to_json
from tests.integration.kit import BROKEN, ONE, PARK, THREE, TWO, Journal, message

pytestmark = pytest.mark.anyio

HOUR = 3_600_000


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


async def lose_the_bells(journal: Journal) -> None:
    """As when arq's job has expired, or a worker died between taking it and beginning."""
    jobs = await journal.redis.keys("arq:*")
    await journal.redis.delete(*jobs)


async def test_promise_2_a_lost_bell_is_rung_again(journal: Journal) -> None:
    await journal.accept()
    await lose_the_bells(journal)
    assert await journal.worklist.sweep() == 0, "it may be on its way"
    await journal.make_due(refresh(ONE))
    assert await journal.worklist.sweep() == 1
    assert await journal.bells() == [refresh(ONE)]
    assert (await journal.gauges.read()).stats["swept"] == 1


async def test_a_bell_is_given_time_to_be_answered(journal: Journal) -> None:
    await journal.accept()
    await lose_the_bells(journal)
    seconds, _ = await journal.redis.time()
    await journal.redis.zadd(key("due"), {refresh(ONE): (seconds - GRACE + 2) * 1000})
    assert await journal.worklist.sweep() == 0
    await journal.redis.zadd(key("due"), {refresh(ONE): (seconds - GRACE - 1) * 1000})
    assert await journal.worklist.sweep() == 1


async def test_promise_2_work_whose_holder_died_is_rung_for_as_soon_as_its_lease_ends(
    journal: Journal,
) -> None:
    await journal.fetch("a")
    await journal.taken("a")
    assert await journal.worklist.sweep() == 0
    seconds, micros = await journal.redis.time()
    await journal.redis.zadd(key("due"), {deliver("a", ONE): seconds * 1000 + micros // 1000 - 1})
    assert await journal.worklist.sweep() == 1
    assert (await journal.taken("a"))[0].deaths == 1


async def test_promise_2_the_work_of_a_dead_worker_comes_before_a_backlog(journal: Journal) -> None:
    """It has waited in that line before."""
    await journal.fetch("a")
    await journal.taken("a")
    await journal.mute()
    for connection in (TWO, THREE):
        await journal.fetch("a", connection=connection)
    await journal.make_due(deliver("a", ONE))
    assert await journal.worklist.sweep() == 1
    line = [job.partition("#")[0] for job in await journal.redis.zrange("arq:deliver:a", 0, -1)]
    assert line == [deliver("a", each) for each in (ONE, TWO, THREE)]


async def test_a_backlog_is_not_rung_for_again(journal: Journal) -> None:
    """However long it has been waiting: its bells stand in line."""
    connections = [f"c{number}" for number in range(1000)]
    await journal.accept_all([message(connection) for connection in connections])
    await journal.redis.zadd(key("due"), dict.fromkeys(map(refresh, connections), 1))
    before = await journal.bells()
    for _ in range(3):
        assert await journal.worklist.sweep() == 0
    assert await journal.bells() == before


@pytest.mark.parametrize("at_once", [1, 7, SWEPT_AT_A_TIME, SWEPT_AT_A_TIME + 1, 3 * SWEPT_AT_A_TIME])
async def test_promise_2_of_a_large_backlog_all_that_lost_its_bell_is_found(
    journal: Journal, at_once: int
) -> None:
    """However many of it came in the same instant."""
    works = [refresh(f"c{number}") for number in range(2 * SWEPT_AT_A_TIME + 500)]
    await journal.redis.zadd(key("due"), {work: 1 + place // at_once for place, work in enumerate(works)})
    assert await journal.worklist.sweep() == len(works)
    assert await journal.worklist.sweep() == 0
    assert sorted(await journal.bells()) == sorted(works)


async def test_a_bell_for_later_is_heard_though_the_worker_s_clock_is_slow(journal: Journal) -> None:
    """arq compares a job's time with its own clock; a slow one would let overdue work lie."""
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), BROKEN)
    await lose_the_bells(journal)
    job = await journal.redis.hget(key("bells"), deliver("a", ONE))
    seconds, _ = await journal.redis.time()
    await journal.redis.zadd("arq:deliver:a", {job: seconds * 1000 + HOUR})
    await journal.make_due(deliver("a", ONE))
    assert await journal.worklist.sweep() == 1
    job = await journal.redis.hget(key("bells"), deliver("a", ONE))
    score = await journal.redis.zscore("arq:deliver:a", job)
    assert score < 1000, "a place in line, not a time"


async def test_a_bell_for_later_comes_after_the_line_and_at_its_time(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), BROKEN)
    await journal.fetch("a", connection=TWO)
    jobs = await journal.redis.zrange("arq:deliver:a", 0, -1, withscores=True)
    assert jobs[-1][0].startswith(deliver("a", ONE))
    seconds, _ = await journal.redis.time()
    assert jobs[-1][1] / 1000 - seconds == pytest.approx(60, abs=2)


async def test_promise_5_each_handler_has_a_line_of_its_own(journal: Journal) -> None:
    """A slow one's bells hold up no other's, and no fetch."""
    await journal.fetch("a", "my-crm")
    assert await journal.lines() == ["arq:queue", "arq:deliver:a", "arq:deliver:my-crm"]
    for line in await journal.lines():
        assert await journal.redis.zcard(line) == 1
    assert await journal.worklist.handlers() == ["a", "my-crm"]


async def test_what_waits_its_time_is_not_swept(journal: Journal) -> None:
    await journal.fetch("a", "b")
    await journal.fail(await journal.taken("a"), BROKEN)
    await journal.fail(await journal.taken("b"), PARK)
    await lose_the_bells(journal)
    assert await journal.worklist.sweep() == 0


async def test_jobs_carry_ids_as_json_and_nothing_else(journal: Journal) -> None:
    await journal.fetch("my-crm")
    await journal.fail(await journal.taken("my-crm"), PARK)
    jobs = {job: json.loads(await journal.redis.get(job)) for job in await journal.redis.keys("arq:job:*")}
    assert sorted((job["f"], job["a"], job["k"]) for job in jobs.values()) == [
        ("deliver", ["my-crm", ONE], {}),
        ("refresh", [ONE], {}),
        ("resume", ["my-crm"], {}),
    ]


async def test_job_ids_never_collide(journal: Journal) -> None:
    """arq refuses an id while its result lives, and would lose what comes next."""
    for _ in range(20):
        await journal.fetch("a", changed=("url",))
        await journal.handle("a")
    jobs = [job async for job in journal.redis.scan_iter("arq:job:*")]
    assert len(jobs) == len(await journal.bells()) == 40


async def test_jobs_do_not_outlive_their_time_by_more_than_a_day(journal: Journal) -> None:
    await journal.fetch("a")
    await journal.fail(await journal.taken("a"), BROKEN)
    for job in await journal.redis.keys("arq:job:*"):
        assert 0 < await journal.redis.pttl(job) <= 25 * HOUR


async def test_arq_reads_the_bells_and_its_own_jobs_alike(journal: Journal, redis_url: str) -> None:
    await journal.accept()
    async with bell_pool(redis_url) as pool:
        await pool.enqueue_job("refresh", TWO)
        queued = sorted((job.function, *job.args) for job in await pool.queued_jobs())
        await pool.connection_pool.disconnect()
    assert queued == [("refresh", ONE), ("refresh", TWO)]


def test_an_error_in_a_job_s_result_becomes_its_text() -> None:
    """pickle, arq's default, would run what it reads."""
    assert json.loads(to_json({"r": ValueError("no")})) == {"r": "no"}


async def test_a_worker_that_says_nothing_any_more_is_not_counted(journal: Journal) -> None:
    await journal.worklist.present("here:1")
    await journal.redis.zadd(key("workers"), {"gone:1": 1})
    assert (await journal.gauges.read()).workers == 1
    await journal.worklist.present("here:1")
    assert await journal.redis.zrange(key("workers"), 0, -1) == ["here:1"]
