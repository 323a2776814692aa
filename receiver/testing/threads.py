"""Run a coroutine to its end from where none can be awaited, be an event loop running there or not."""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")

PATIENCE = 1.0
"""Seconds, by the loop's clock, that left-over tasks have to end."""


class StillRunningError(Exception):
    """The thread has not come to an end, and goes on."""

    def __init__(self, longest: float, thread: int) -> None:
        super().__init__(f"not done after {longest:g} s")
        self.thread = thread


def in_own_thread(
    make: Callable[[], Awaitable[ResultT]],
    *,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    longest: float | None = None,
) -> ResultT:
    """Await what `make` makes in a thread and a loop of its own; its result, or what it raises.

    `longest`: seconds. After that raises StillRunningError; the thread is left to itself, none can be ended.
    """
    results: list[ResultT] = []
    errors: list[BaseException] = []

    def work() -> None:
        loop = loop_factory()
        try:
            results.append(loop.run_until_complete(_awaited(make)))
        except BaseException as error:  # noqa: BLE001 - whoever waits for this thread is to have it
            errors.append(error)
        finally:
            _close(loop)

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name="handler", daemon=longest is not None)
    thread.start()
    thread.join(longest)
    if longest is not None and thread.is_alive():
        raise StillRunningError(longest, thread.ident or 0)
    if errors:
        raise errors[0]
    return results[0]


async def _awaited(make: Callable[[], Awaitable[ResultT]]) -> ResultT:
    return await make()


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """As asyncio.Runner does it, but without waiting for ever for a task that will not be cancelled."""
    try:
        if left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            _, stubborn = loop.run_until_complete(asyncio.wait(left, timeout=PATIENCE))
            for task in stubborn:
                _break_off(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.set_exception_handler(lambda *_: None)
        loop.close()


def _break_off(task: asyncio.Task[Any]) -> None:
    """End a coroutine that will not be cancelled: nobody would ever wake it again."""
    coroutine = task.get_coro()
    if asyncio.iscoroutine(coroutine):
        with suppress(RuntimeError):  # it ignores this too
            coroutine.close()
