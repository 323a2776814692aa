"""The event loop that the contract suite plays in: it skips what is only waited for, and reaches nobody."""

import asyncio
import socket
import time
import urllib.request
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import pytest

from receiver.testing.contract.loop import FastLoop
from receiver.testing.contract.sockets import Guard
from receiver.testing.threads import StillRunningError, in_own_thread

ResultT = TypeVar("ResultT")

HOME = __file__


def played(act: Callable[[], Awaitable[ResultT]], guard: Guard | None = None) -> ResultT:
    """Played as a scene is."""
    guard = guard or Guard(HOME)

    async def on_stage() -> ResultT:
        with guard.active():
            return await act()

    return in_own_thread(on_stage, loop_factory=lambda: FastLoop(guard))


def test_what_sleeps_wakes_in_the_order_of_the_clock_and_at_once() -> None:
    woken: list[int] = []

    async def sleep(hours: int) -> None:
        await asyncio.sleep(hours * 3600)
        woken.append(hours)

    async def act() -> float:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(sleep(3), sleep(1), sleep(2))
        return asyncio.get_running_loop().time() - began

    assert played(act) == pytest.approx(3 * 3600, abs=60)
    assert woken == [1, 2, 3]


def test_a_time_out_of_an_hour_runs_out_at_once() -> None:
    async def act() -> None:
        async with asyncio.timeout(3600):
            await asyncio.get_running_loop().create_future()

    with pytest.raises(TimeoutError):
        played(act)


def test_a_thread_at_work_is_waited_for() -> None:
    """Its time-out does not run out because nothing else is to be done meanwhile."""

    def work() -> str:
        time.sleep(0.1)
        return "done"

    async def act() -> str:
        async with asyncio.timeout(60):
            return await asyncio.to_thread(work)

    assert played(act) == "done"


async def by_httpx() -> None:
    async with httpx.AsyncClient(verify=False) as client:  # noqa: S501 - it reaches nobody
        await client.get("https://pager.example.com")


async def by_asyncio() -> None:
    await asyncio.open_connection("127.0.0.1", 9)


async def by_urllib() -> None:
    urllib.request.urlopen("http://127.0.0.1:9")  # noqa: ASYNC210 - what some do


async def by_urllib_in_a_thread() -> None:
    await asyncio.to_thread(urllib.request.urlopen, "http://127.0.0.1:9")


async def by_name() -> None:
    socket.getaddrinfo("pager.example.com", 443)


@pytest.mark.parametrize("reach_out", [by_httpx, by_asyncio, by_urllib, by_urllib_in_a_thread, by_name])
def test_nobody_can_be_reached_and_who_tried_is_told(reach_out: Callable[[], Awaitable[None]]) -> None:
    guard = Guard(HOME)
    with pytest.raises((OSError, httpx.ConnectError), match="nobody can be reached"):
        played(reach_out, guard)
    assert guard.tried


def test_the_line_that_tried_is_told() -> None:
    guard = Guard(HOME)
    with pytest.raises(OSError, match="nobody can be reached"):
        played(by_urllib, guard)
    assert 'in by_urllib: urllib.request.urlopen("http://127.0.0.1:9")' in guard.tried[0]


def test_others_reach_whom_they_like() -> None:
    """Only threads in which a suite plays are kept in, and only while it does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        played(lambda: asyncio.sleep(0))
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_a_task_that_will_not_be_cancelled_is_broken_off() -> None:
    broken_off = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                continue
            except GeneratorExit:
                broken_off.append(True)
                raise

    async def act() -> asyncio.Task[None]:
        task = asyncio.ensure_future(stubborn())
        await asyncio.sleep(0)
        return task

    task = played(act)
    assert broken_off == [True]
    assert not task.done()


def test_a_thread_that_never_ends_is_left_to_itself() -> None:
    free: list[bool] = []

    async def act() -> None:
        while not free:
            time.sleep(0.01)  # noqa: ASYNC251 - the mistake

    with pytest.raises(StillRunningError, match=r"not done after 0\.1 s"):
        in_own_thread(act, longest=0.1)
    free.append(True)


def test_what_is_raised_in_the_thread_is_raised_here() -> None:
    async def act() -> None:
        raise KeyError("forgotten")

    with pytest.raises(KeyError, match="forgotten"):
        in_own_thread(act)
