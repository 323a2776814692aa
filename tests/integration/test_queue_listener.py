"""The listener hears our bells at once, and is arq's own worker for everything else."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from arq import Retry, Worker, cron, func
from arq.connections import ArqRedis
from arq.jobs import Job, JobStatus, SerializationError
from structlog.testing import capture_logs

from receiver.journal import Claim, Store, Worklist, refresh
from receiver.journal.worklist import Haul
from receiver.queue import LINE, line_of
from receiver.queue.bells import bell_pool, to_json
from receiver.queue.listener import AT_A_TIME, Listener
from receiver.tasks import cancel
from tests.integration.kit import ONE, TWO, Journal
from tests.integration.processes import until

pytestmark = pytest.mark.anyio

KINDS = ["arq's own", "listener"]
SETTINGS: dict[str, Any] = {
    "queue_name": LINE,
    "handle_signals": False,
    "poll_delay": 0.05,
    "job_serializer": to_json,
    "job_deserializer": json.loads,
}


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


@pytest.fixture
async def pool(redis_url: str) -> AsyncIterator[ArqRedis]:
    made = bell_pool(redis_url)
    yield made
    await made.aclose(close_connection_pool=True)


class Works:
    """Notes what it is told to do, and how much of it at a time; each takes as long as `open` is not set."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.under_way = self.most = 0
        self.open = asyncio.Event()
        self.open.set()

    async def do(self, claim: Claim, almost_done: Callable[[], None]) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.open.wait()
        self.under_way -= 1
        self.done.append(claim.work)


async def nothing(ctx: dict[Any, Any], *ids: Any) -> None:
    """arq wants one function at least."""


@asynccontextmanager
async def hearing(
    store: Store, pool: ArqRedis, works: Works | None = None, kind: str = "listener", **settings: Any
) -> AsyncIterator[Worker]:
    """A worker while the block runs: the listener, or arq's own for comparison."""
    lines = settings.pop("lines", {LINE: 10, line_of("a"): 10})
    arq = {**SETTINGS, "redis_pool": pool, "functions": [func(nothing, name="nothing")], **settings}
    if kind == "listener":
        does = (works or Works()).do
        worker: Worker = Listener(lines=lines, take=Worklist(store, max_fetches=1000).claim, do=does, **arq)
    else:
        worker = Worker(**arq)
    running = asyncio.create_task(worker.async_run())
    try:
        yield worker
        assert not running.done(), running.exception()
    finally:
        jobs = [*worker.tasks.values()]
        await cancel(running, *([worker.main_task] if worker.main_task else []), *jobs)


async def test_a_bell_is_heard_without_waiting_for_the_next_look(
    journal: Journal, store: Store, pool: ArqRedis
) -> None:
    works = Works()
    async with hearing(store, pool, works):
        await asyncio.sleep(0.7)
        for number in range(20):
            before = time.monotonic()
            await journal.accept(f"c{number}")
            await until(lambda number=number: refresh(f"c{number}") in works.done)  # type: ignore[misc]
            # Looks are half a second apart: twenty times in a row none can have been hit by luck.
            assert time.monotonic() - before < 0.45


async def test_what_a_bell_calls_for_is_in_hand_when_it_is_heard(
    journal: Journal, store: Store, pool: ArqRedis
) -> None:
    works = Works()
    works.open.clear()
    async with hearing(store, pool, works):
        await journal.accept()
        await until(lambda: works.under_way == 1)
        assert await journal.redis.hexists("nectar:refresh:" + ONE, "hand")
        assert await journal.redis.zcard(LINE) == 0
        assert [key async for key in journal.redis.scan_iter("arq:job:*")] == []
        works.open.set()


async def test_promise_5_a_line_that_is_full_holds_up_no_other(
    journal: Journal, store: Store, pool: ArqRedis
) -> None:
    works = Works()
    works.open.clear()
    for number in range(5):
        await journal.fetch("a", connection=f"c{number}")
    await journal.fetch("b", connection="d")
    lines = {LINE: 10, line_of("a"): 2, line_of("b"): 2}
    async with hearing(store, pool, works, lines=lines):
        await until(lambda: works.under_way == 3)
        await asyncio.sleep(0.2)
        assert works.most == 3, "two of the full line, one of the other"
        works.open.set()
        await until(lambda: len(works.done) == 6)


async def test_two_listeners_share_a_backlog_and_nothing_is_done_twice(
    journal: Journal, store: Store, pool: ArqRedis
) -> None:
    one, two = Works(), Works()
    works = [refresh(f"c{number}") for number in range(300)]
    await asyncio.gather(*(journal.accept(work.partition(":")[2]) for work in works))
    async with hearing(store, pool, one), hearing(store, pool, two):
        await until(lambda: len(one.done) + len(two.done) >= 300)
        await asyncio.sleep(0.2)
    assert sorted(one.done + two.done) == sorted(works)


async def test_a_bell_for_later_is_heard_at_its_time(journal: Journal, store: Store, pool: ArqRedis) -> None:
    works = Works()
    async with hearing(store, pool, works):
        seconds, micros = await journal.redis.time()
        at = seconds * 1000 + micros // 1000 + 900
        await journal.redis.zadd("nectar:due", {refresh(TWO): at})
        await journal.redis.zadd(LINE, {f"{refresh(TWO)}#1": at})
        await asyncio.sleep(0.6)
        assert works.done == []
        await until(lambda: works.done == [refresh(TWO)], within=5)


async def test_stopped_it_takes_nothing_more(journal: Journal, store: Store, pool: ArqRedis) -> None:
    works = Works()
    worker = Listener(
        lines={LINE: 10},
        take=Worklist(store, max_fetches=1000).claim,
        do=works.do,
        functions=[func(nothing, name="nothing")],
        redis_pool=pool,
        **SETTINGS,
    )
    running = asyncio.create_task(worker.async_run())
    await asyncio.sleep(0.2)
    worker.stop()
    async with asyncio.timeout(2):
        await running
    await journal.accept()
    await asyncio.sleep(0.7)
    assert works.done == []


async def test_a_line_s_room_is_filled_though_few_bells_are_taken_at_once(
    journal: Journal, store: Store, pool: ArqRedis
) -> None:
    works = Works()
    works.open.clear()
    number = 3 * AT_A_TIME
    await asyncio.gather(*(journal.accept(f"c{place}") for place in range(number)))
    async with hearing(store, pool, works, lines={LINE: number - 1}):
        await until(lambda: works.under_way == number - 1)
        works.open.set()
        await until(lambda: len(works.done) == number)


class Hauls:
    """Bells to take: as many as fit at first, then one more when `go` is set."""

    def __init__(self) -> None:
        self.looks = 0
        self.go = asyncio.Event()

    async def take(self, room: Mapping[str, int]) -> Haul:
        self.looks += 1
        if self.looks == 1:
            works = [refresh(f"c{number}") for number in range(room[LINE])]
        else:
            await self.go.wait()
            works = [refresh("the next")] if self.looks == 2 else []
        claims = [(LINE, Claim(work, "1", 1, 0)) for work in works]
        return Haul(wait=None, crowded=True, plain=False, taken=claims)

    def listener(self, pool: ArqRedis, works: Works) -> Listener:
        functions = [func(nothing, name="nothing")]
        lines = {LINE: 2 * AT_A_TIME}
        return Listener(
            lines=lines, take=self.take, do=works.do, functions=functions, redis_pool=pool, **SETTINGS
        )


async def test_what_is_being_taken_ahead_when_it_is_stopped_is_begun(pool: ArqRedis) -> None:
    """It would lie in nobody's hand until its lease has ended."""

    class Stopping(Works):
        async def do(self, claim: Claim, almost_done: Callable[[], None]) -> None:
            worker.stop()
            hauls.go.set()
            await super().do(claim, almost_done)

    works, hauls = Stopping(), Hauls()
    worker = hauls.listener(pool, works)
    async with asyncio.timeout(2):
        await worker.async_run()
    await until(lambda: refresh("the next") in works.done)
    assert hauls.looks == 2


async def test_the_next_is_taken_when_one_is_but_to_be_settled(pool: ArqRedis) -> None:
    class AlmostDone(Works):
        async def do(self, claim: Claim, almost_done: Callable[[], None]) -> None:
            if claim.work == refresh("the next"):
                await asyncio.sleep(0.1)
                self.looks_before = hauls.looks
                almost_done()
                await asyncio.sleep(0.2)
                self.looks_after = hauls.looks
            await super().do(claim, almost_done)

    works, hauls = AlmostDone(), Hauls()
    hauls.go.set()
    worker = hauls.listener(pool, works)
    running = asyncio.create_task(worker.async_run())
    await until(lambda: refresh("the next") in works.done)
    # Of its own accord it looks only twice a second.
    assert works.looks_after > works.looks_before
    await cancel(running, worker.main_task)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_plain_job_of_arq_is_run_and_its_result_kept(store: Store, pool: ArqRedis, kind: str) -> None:
    async def double(ctx: dict[Any, Any], number: int) -> int:
        return 2 * number

    async with hearing(store, pool, kind=kind, functions=[func(double, name="double")]):
        job = await pool.enqueue_job("double", 21)
        assert job is not None
        assert await job.result(timeout=10) == 42
        assert await job.status() is JobStatus.complete


@pytest.mark.parametrize("kind", KINDS)
async def test_plain_jobs_and_bells_do_not_get_in_each_other_s_way(
    journal: Journal, store: Store, pool: ArqRedis, kind: str
) -> None:
    """arq's own worker runs the bells as jobs of their functions; the listener takes them off first."""
    seen: list[str] = []

    async def note(ctx: dict[Any, Any], name: str) -> None:
        seen.append(name)

    works = Works()
    functions = [func(note, name="note"), func(note, name="refresh")]
    for number in range(20):
        await journal.accept(f"c{number}")
        await pool.enqueue_job("note", f"job {number}")
    async with hearing(store, pool, works, kind, functions=functions):
        await until(lambda: len(seen) + len(works.done) >= 40)
    assert sorted(each for each in seen if each.startswith("job")) == sorted(f"job {n}" for n in range(20))
    bells = [each.removeprefix("refresh:") for each in (*seen, *works.done) if not each.startswith("job")]
    assert sorted(bells) == sorted(f"c{number}" for number in range(20))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_that_asks_for_a_retry_is_run_again(store: Store, pool: ArqRedis, kind: str) -> None:
    tries: list[int] = []

    async def stubborn(ctx: dict[Any, Any]) -> str:
        tries.append(ctx["job_try"])
        if ctx["job_try"] < 3:
            raise Retry(defer=0.1)
        return "at last"

    async with hearing(store, pool, kind=kind, functions=[func(stubborn, name="stubborn")]):
        job = await pool.enqueue_job("stubborn")
        assert job is not None
        assert await job.result(timeout=10) == "at last"
    assert tries == [1, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_deferred_job_is_run_at_its_time_and_not_before(
    store: Store, pool: ArqRedis, kind: str
) -> None:
    ran: list[float] = []

    async def note(ctx: dict[Any, Any]) -> None:
        ran.append(time.monotonic())

    async with hearing(store, pool, kind=kind, functions=[func(note, name="note")]):
        began = time.monotonic()
        await pool.enqueue_job("note", _defer_by=1)
        await until(lambda: bool(ran))
    assert ran[0] - began >= 0.9


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_can_be_aborted(store: Store, pool: ArqRedis, kind: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless(ctx: dict[Any, Any]) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    functions = [func(endless, name="endless")]
    async with hearing(store, pool, kind=kind, functions=functions, allow_abort_jobs=True):
        job = await pool.enqueue_job("endless")
        assert isinstance(job, Job)
        await begun.wait()
        # As JSON an exception is its text, so the job's result is no CancelledError to whoever asks.
        with pytest.raises(SerializationError):
            await job.abort(timeout=10)
        assert ended.is_set()


async def test_a_cron_job_runs_once_over_two_workers(store: Store, pool: ArqRedis) -> None:
    """At every second there is one run, whichever of them does it."""
    ran: list[int] = []

    async def tick(ctx: dict[Any, Any]) -> None:
        ran.append(ctx["score"] // 1000)

    jobs = [cron(tick, name="cron:tick", second=set(range(60)), microsecond=0)]
    async with (
        hearing(store, pool, functions=(), cron_jobs=jobs),
        hearing(store, pool, functions=(), cron_jobs=jobs),
    ):
        await until(lambda: len(ran) >= 3)
    assert len(ran) == len(set(ran))


async def test_it_says_how_it_is_as_arq_does(store: Store, pool: ArqRedis) -> None:
    async with hearing(store, pool):
        await until(lambda: _is_there(pool))


async def _is_there(pool: ArqRedis) -> bool:
    return bool(await pool.exists(f"{LINE}:health-check"))


async def test_two_that_are_full_do_not_keep_waking_each_other(
    journal: Journal, store: Store, pool: ArqRedis
) -> None:
    works = Works()
    works.open.clear()
    await asyncio.gather(*(journal.accept(f"c{number}") for number in range(20)))
    async with (
        hearing(store, pool, works, lines={LINE: 2}),
        hearing(store, pool, works, lines={LINE: 2}),
    ):
        await until(lambda: works.under_way == 4)
        await asyncio.sleep(0.3)
        before = (await journal.redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
        await asyncio.sleep(1)
        # Each looks twice a second, and may be woken a few times by what came before.
        assert (await journal.redis.info("commandstats"))["cmdstat_evalsha"]["calls"] - before < 20
        works.open.set()
        await until(lambda: len(works.done) == 20)


async def test_work_that_fails_by_a_mistake_of_ours_is_said_and_leaves_its_place(
    journal: Journal, store: Store, pool: ArqRedis
) -> None:
    class Broken(Works):
        async def do(self, claim: Claim, almost_done: Callable[[], None]) -> None:
            self.done.append(claim.work)
            raise KeyError("a mistake")

    works = Broken()
    with capture_logs() as said:
        async with hearing(store, pool, works, lines={LINE: 1}):
            for number in range(3):
                await journal.accept(f"c{number}")
            await until(lambda: len(works.done) == 3)
            await asyncio.sleep(0.1)
    failed = [line for line in said if line["event"] == "failed"]
    assert [type(line["exc_info"]) for line in failed] == [KeyError] * 3
