"""Time limits of handlers are asyncio's, and one timer serves them all."""

import asyncio

import pytest

from receiver.dispatch.limits import TimeLimits

pytestmark = pytest.mark.anyio

SOON = 0.02


@pytest.fixture
def all_limits() -> TimeLimits:
    return TimeLimits()


async def now() -> float:
    """By the event loop's clock."""
    return asyncio.get_running_loop().time()


async def test_what_takes_longer_is_a_timeout_error_at_its_time(all_limits: TimeLimits) -> None:
    began = await now()
    with pytest.raises(TimeoutError), all_limits.of(SOON) as limit:
        await asyncio.sleep(10)
    assert limit.expired
    assert SOON <= await now() - began < 5
    await asyncio.sleep(0)  # the task itself is not cancelled


async def test_what_ends_in_time_has_nothing_to_fear(all_limits: TimeLimits) -> None:
    with all_limits.of(SOON) as limit:
        await asyncio.sleep(0)
    await asyncio.sleep(3 * SOON)
    assert not limit.expired


async def test_an_error_of_its_own_is_not_hidden(all_limits: TimeLimits) -> None:
    with pytest.raises(KeyError), all_limits.of(SOON):
        raise KeyError("mine")
    with pytest.raises(KeyError):
        await _fails_when_it_is_cancelled(all_limits)


async def _fails_when_it_is_cancelled(all_limits: TimeLimits) -> None:
    with all_limits.of(SOON):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise KeyError("mine") from None


async def test_each_of_many_ends_at_its_own_time_whatever_came_before_it(all_limits: TimeLimits) -> None:
    ended: list[int] = []

    async def wait(number: int, seconds: float) -> None:
        with pytest.raises(TimeoutError), all_limits.of(seconds):
            await asyncio.sleep(10)
        ended.append(number)

    await asyncio.gather(wait(3, 6 * SOON), wait(1, 2 * SOON), wait(4, 8 * SOON), wait(2, 4 * SOON))
    assert ended == [1, 2, 3, 4]


async def test_one_beyond_the_next_look_is_found_by_one_after_it() -> None:
    began = await now()
    with pytest.raises(TimeoutError), TimeLimits(look=SOON / 4).of(3 * SOON):
        await asyncio.sleep(10)
    assert await now() - began >= 3 * SOON


async def test_an_extended_one_ends_so_much_later(all_limits: TimeLimits) -> None:
    began = await now()
    limit = all_limits.of(SOON)
    limit.extend(4 * SOON)
    with pytest.raises(TimeoutError), limit:
        await asyncio.sleep(10)
    assert await now() - began >= 5 * SOON


async def test_who_is_cancelled_from_outside_is_cancelled(all_limits: TimeLimits) -> None:
    async def work() -> None:
        with all_limits.of(10):
            await asyncio.sleep(10)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_cancelled_from_outside_too_stays_cancelled(all_limits: TimeLimits) -> None:
    async def work() -> None:
        with all_limits.of(SOON):
            try:
                await asyncio.sleep(10)
            finally:
                task.cancel()

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_answers_all_the_same_is_heard(all_limits: TimeLimits) -> None:
    """And its task is not cancelled for what comes after."""
    with all_limits.of(SOON) as limit:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            answer = "late"
    assert (answer, limit.expired) == ("late", True)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_one_within_another_is_the_one_that_ends(all_limits: TimeLimits) -> None:
    with all_limits.of(10) as outer:
        with pytest.raises(TimeoutError), all_limits.of(SOON):
            await asyncio.sleep(10)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await asyncio.sleep(10)
    assert not outer.expired
