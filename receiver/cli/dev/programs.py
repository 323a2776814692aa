"""Programs that run beside this one: their lines are told, their end is noticed, and none is left behind."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from receiver.cli.output import Failed

T = TypeVar("T")
GUARD = Path(__file__).with_name("guard.py")
LONGEST_LINE = 2**20
GRACE = 1.0
"""Seconds in which the end of a program is noticed."""


class Program:
    """One of them."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.process = process
        self.stopping = False

    async def stop(self, patience: float) -> None:
        """Ask it to end, and after `patience` seconds make it."""
        self.stopping = True
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(patience):
                await self.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()


class Group:
    """The programs of one `dev`, in a process group of their own, which no Ctrl-C of the terminal reaches."""

    def __init__(self, tell: Callable[[str], None], lock: int) -> None:
        self._tell = tell
        self._lock = lock
        self._guard: Process
        self._ended: asyncio.Future[Program]
        self._watching: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Start the guard, who ends the group should this process be killed."""
        self._ended = asyncio.get_running_loop().create_future()
        self._guard = await asyncio.create_subprocess_exec(
            *(sys.executable, str(GUARD)),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            process_group=0,
            pass_fds=[self._lock],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill whatever is still there, the guard included."""
        with suppress(ProcessLookupError):
            os.killpg(self._guard.pid, signal.SIGKILL)
        await self._guard.wait()
        await asyncio.gather(*self._watching)

    async def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Program:
        """Start a program. Each line that it prints is told."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            limit=LONGEST_LINE,
            process_group=self._guard.pid,
        )
        program = Program(name, process)
        self._watching.append(asyncio.create_task(self._watch(program)))
        return program

    async def while_all_run(self, work: Awaitable[T]) -> T:
        """The result of `work`. Raises Failed as soon as one of the programs ends by itself."""
        task = asyncio.ensure_future(work)
        either: set[asyncio.Future[Any]] = {task, self._ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        program = self._ended.result()
        raise Failed(
            f"{program.name} ended by itself ({_how(program.process.returncode)}), so all is stopped."
        )

    async def _watch(self, program: Program) -> None:
        assert program.process.stdout is not None
        try:
            async for line in program.process.stdout:
                self._tell(line.decode(errors="replace").rstrip())
        except OSError as error:  # nobody reads what is told, as after `| head`
            if not self._ended.done():
                self._ended.set_exception(error)
            return
        await program.process.wait()
        if not program.stopping and not self._ended.done():
            self._ended.set_result(program)


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit code {status}"
