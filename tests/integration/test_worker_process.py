"""The worker as a process: it works off what was accepted, and ends when asked to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from receiver.journal import Store, deliver, refresh
from receiver.journal.store import key
from receiver.queue.bells import bell_pool
from receiver.simulator import Simulator
from tests.integration.kit import Journal
from tests.integration.processes import Workers, until, workers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def nectar() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path, redis_url: str, nectar: Simulator) -> Any:
    with workers(tmp_path, redis_url, nectar.base_url) as running:
        yield running


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


async def idle(journal: Journal) -> bool:
    return not await journal.redis.zcard(key("due"))


async def test_promise_2_what_was_accepted_before_the_worker_was_there_is_worked_off(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    connections = [nectar.add("connected") for _ in range(20)]
    for connection in connections * 3:
        await journal.accept(connection)
    worker = fleet.start()
    await until(lambda: idle(journal))
    assert sorted(entry["connection"] for entry in fleet.diary("ends")) == sorted(connections)
    assert len(nectar.requests.matching("/details")) == 20
    stats = (await journal.gauges.read()).stats
    assert (stats["delivery:diary:done"], stats["delivery:log:done"]) == (20, 20)
    assert await fleet.stop(worker) == 0


async def test_a_worker_leaves_nothing_behind_in_arq(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    """No result, no job, no bell: nothing that could block an id or fill Redis."""
    worker = fleet.start()
    await until(lambda: journal.redis.exists("arq:queue:health-check"))
    for number in range(5):
        connection = nectar.add("connected", url=f"https://{number}.example")
        await journal.accept(connection)
    await until(lambda: idle(journal))
    await until(lambda: _is_quiet(journal))
    assert await fleet.stop(worker) == 0
    left = await journal.redis.keys("arq:*")
    assert all(name.endswith(":health-check") for name in left), left
    assert await journal.redis.hlen(key("bells")) == 0


async def _is_quiet(journal: Journal) -> bool:
    return not await journal.bells()


async def test_promise_5_a_slow_handler_with_a_backlog_holds_up_no_other(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    """More of it than a worker does at a time, each taking longer than this test may."""
    fleet.start(DIARY_SLEEPS="30", WORKER_JOBS="5")
    connections = [nectar.add("connected") for _ in range(30)]
    for connection in connections:
        await journal.accept(connection)
    await until(lambda: _are_logged(journal, connections))
    assert fleet.diary("ends") == []
    assert len(fleet.diary("begins")) <= 5


async def _are_logged(journal: Journal, connections: list[str]) -> bool:
    return (await journal.gauges.read()).stats.get("delivery:log:done") == len(connections)


async def test_promise_8_work_of_a_handler_that_is_not_enabled_is_parked_and_goes_on_when_it_is(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    connection = nectar.add("connected")
    await journal.accept(connection)
    first = fleet.start(DIARY_SLEEPS="60", SHUTDOWN_SECONDS="0")
    await until(lambda: bool(fleet.diary("begins")))
    await fleet.stop(first)
    without = fleet.start(HANDLERS="log")
    await until(lambda: _is_parked(journal, connection))
    await fleet.stop(without)
    fleet.start()
    await until(lambda: bool(fleet.diary("ends")))
    assert fleet.diary("ends")[0]["attempt"] == 1


async def _is_parked(journal: Journal, connection: str) -> bool:
    return await journal.lists(deliver("diary", connection)) == {"parked:diary"}


async def test_sigterm_lets_the_running_handler_finish(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    worker = fleet.start(DIARY_SLEEPS="2")
    connection = nectar.add("connected")
    await journal.accept(connection)
    await until(lambda: bool(fleet.diary("begins")))
    assert await fleet.stop(worker) == 0
    assert len(fleet.diary("ends")) == 1
    assert await journal.redis.hget(key("deliver", "diary", connection), "outcome") == "done"
    assert await idle(journal)


async def test_a_handler_that_takes_longer_than_a_stop_may_is_given_back_and_run_by_the_next_worker(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    worker = fleet.start(DIARY_SLEEPS="30", SHUTDOWN_SECONDS="0")
    connection = nectar.add("connected")
    await journal.accept(connection)
    await until(lambda: bool(fleet.diary("begins")))
    assert await fleet.stop(worker) == 0
    assert await journal.due_in(deliver("diary", connection)) <= 0, "at once, not when the lease ends"
    fleet.start()
    await until(lambda: bool(fleet.diary("ends")))
    assert [entry["attempt"] for entry in fleet.diary("begins")] == [1, 1]


async def test_promise_2_after_sigkill_the_work_in_hand_is_run_again_by_another_worker(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    connections = [nectar.add("connected") for _ in range(10)]
    killed = fleet.start(DIARY_SLEEPS="30")
    for connection in connections:
        await journal.accept(connection)
    await until(lambda: len(fleet.diary("begins")) == 10)
    killed.kill()
    killed.wait()
    other = fleet.start()
    await until(lambda: len(fleet.diary("ends")) == 10)
    assert {entry["pid"] for entry in fleet.diary("ends")} == {other.pid}
    assert [entry["attempt"] for entry in fleet.diary("begins")] == [1] * 20
    await until(lambda: idle(journal))


async def test_ids_enqueued_by_arq_itself_are_heard(
    fleet: Workers, journal: Journal, nectar: Simulator, redis_url: str
) -> None:
    """Whatever comes before the sweep: somebody may ring by hand."""
    connection = nectar.add("connected")
    await journal.accept(connection)
    await journal.redis.delete(*await journal.redis.keys("arq:*"))
    async with bell_pool(redis_url) as pool:
        await pool.enqueue_job("refresh", connection)
        await pool.enqueue_job("deliver", "diary", nectar.add("connected"))
        await pool.connection_pool.disconnect()
    fleet.start()
    await until(lambda: bool(fleet.diary("ends")))
    await until(lambda: idle(journal))


async def test_promise_2_work_whose_bell_was_lost_is_found_by_the_sweep(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    fleet.start()
    connections = [nectar.add("connected") for _ in range(3)]
    for connection in connections:
        await journal.redis.zadd(key("due"), {refresh(connection): 1})
        await journal.redis.hset(key("connection", connection), "wanted", "1-1")
    await until(lambda: len(fleet.diary("ends")) == 3)


async def test_a_worker_that_cannot_start_says_why_and_ends(fleet: Workers) -> None:
    worker = fleet.start(HANDLERS="diary,nobody-wrote-it", DIARY_PATH="")
    assert worker.wait(60) == 1
    assert "The worker cannot start" in fleet.log()
    assert "no installed package provides 'nobody-wrote-it'" in fleet.log()
    assert "DIARY_PATH: is not set (option of handler 'diary')" in fleet.log()


@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_promise_10_no_secret_is_in_any_line_that_a_worker_says(
    fleet: Workers, journal: Journal, nectar: Simulator, log_format: str
) -> None:
    """A handler logs the link, and raises with it."""
    worker = fleet.start(DIARY_TELLS_LINK="1", LOG_FORMAT=log_format)
    owner = {"workflowOwnerEmail": "jo.doe@acme.example", "username": "jo-doe-of-acme"}
    connection = nectar.add("password-incorrect", connectionMagicLinkSecret="hush-hush-hush", **owner)
    await journal.accept(connection)
    failed = deliver("diary", connection)
    await until(lambda: _has_failed(journal, connection))
    await journal.make_due(failed)
    await until(lambda: bool(fleet.diary("ends")))
    assert await fleet.stop(worker) == 0
    said = fleet.log()
    assert "not delivered" in said
    assert "made" in said
    for secret in ("hush", "example-api-key", "jo.doe", "jo-doe"):
        assert secret not in said
    assert "hush" not in str(await journal.dump())


async def _has_failed(journal: Journal, connection: str) -> bool:
    return bool(await journal.redis.hexists(key("deliver", "diary", connection), "reason"))


async def test_a_handler_s_concurrency_holds_in_a_worker(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    fleet.start(DIARY_CONCURRENCY="2", DIARY_SLEEPS="0.2")
    for _ in range(8):
        await journal.accept(nectar.add("connected"))
    await until(lambda: len(fleet.diary("ends")) == 8)
    under_way, most = 0, 0
    for entry in fleet.diary():
        under_way += 1 if entry["what"] == "begins" else -1
        most = max(most, under_way)
    assert most == 2


async def test_a_worker_runs_a_handler_in_shadow_mode(
    fleet: Workers, journal: Journal, nectar: Simulator
) -> None:
    fleet.start(HANDLERS="log,diary:shadow")
    await journal.accept(nectar.add("connected"))
    await until(lambda: journal.redis.exists(key("rehearsed", "diary.shadow")))
    assert await journal.worklist.handlers() == ["diary.shadow", "log"]
