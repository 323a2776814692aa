"""Ending asyncio tasks."""

import asyncio
from contextlib import suppress

import pytest

from receiver.tasks import cancel

pytestmark = pytest.mark.anyio


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    """As a time-out within redis-py may, before Python 3.12."""

    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await cancel(task, None, insist=0.01)
    assert task.cancelled()


async def test_what_a_task_raises_at_its_end_is_nobody_s_business() -> None:
    async def failing() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("on the way out")

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    await cancel(task)
    assert task.done()
