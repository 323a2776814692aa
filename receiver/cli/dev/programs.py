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
from receiver.tasks import cancel

T = TypeVar("T")
GUARD = Path(__file__).with_name("guard.py")
LONGEST_LINE = 2**20
GRACE = 1.0
"""Seconds in which the end of a program is noticed."""


class Stopped(Exception):  # noqa: N818 - it says what happened; nothing is wrong
    """The user wants it to end."""


class Program:
    """One of them."""

    def __init__(self, name: str, spawn: Callable[[], Awaitable[Process]], ready: str, lives: int) -> None:
        self.name = name
        self.process: Process
        self.stopping = False
        self.is_ready = asyncio.Event()
        self._spawn = spawn
        self._ready = ready
        self._lives = lives

    async def start(self) -> None:
        """Start it, or start it again."""
        self._lives -= 1
        self.process = await self._spawn()

    @property
    def may_return(self) -> bool:
        """Whether it is to be started again when it has ended by itself."""
        return self._lives > 0

    def hear(self, line: str) -> None:
        """Notice whether this is the line by which it says that it is ready."""
        if self._ready and self._ready in line:
            self.is_ready.set()

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

    def __init__(self, tell: Callable[[str], None], lock: int, stop: asyncio.Event) -> None:
        self._tell = tell
        self._lock = lock
        self._stop = stop
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

    async def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        ready: str = "",
        lives: int = 1,
    ) -> Program:
        """Start a program. Each line that it prints is told; `ready`: what is in the one by which it is.

        `lives`: how often it is started at most, should it end by itself.
        """

        async def spawn() -> Process:
            return await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                limit=LONGEST_LINE,
                process_group=self._guard.pid,
            )

        program = Program(name, spawn, ready, lives)
        await program.start()
        self._watching.append(asyncio.create_task(self._watch(program)))
        return program

    async def while_all_run(self, work: Awaitable[T]) -> T:
        """The result of `work`. Raises Failed when a program ends by itself, Stopped when all is to end."""
        task, stop = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        either: set[asyncio.Future[Any]] = {task, stop, self._ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if task.done() and task.exception() is not None:
                # The end of a program may be behind it, and is then the better explanation.
                await asyncio.wait({self._ended}, timeout=GRACE)
            if self._stop.is_set():
                raise Stopped
            if self._ended.done():
                program = self._ended.result()
                raise Failed(f"{program.name} ended by itself ({_how(program)}), so all has been stopped.")
            return task.result()
        finally:
            await cancel(task, stop, insist=0.1)

    async def _watch(self, program: Program) -> None:
        try:
            await self._listen(program)
            while not program.stopping and program.may_return:
                self._tell(f"{program.name} ended by itself ({_how(program)}) and is started again.")
                await program.start()
                await self._listen(program)
        except OSError as error:  # nobody reads what is told, as after `| head`
            if not self._ended.done():
                self._ended.set_exception(error)
            return
        if not program.stopping and not self._ended.done():
            self._ended.set_result(program)

    async def _listen(self, program: Program) -> None:
        """Tell its lines until it has ended."""
        assert program.process.stdout is not None
        async for line in program.process.stdout:
            text = line.decode(errors="replace").rstrip()
            program.hear(text)
            self._tell(text)
        await program.process.wait()


def _how(program: Program) -> str:
    status = program.process.returncode
    if status is not None and status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit code {status}"
