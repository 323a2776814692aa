"""Sees an event loop stand still, and which line of a handler's holds it up."""

import asyncio
import linecache
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from receiver.api import Handler

BEAT = 0.05
"""Seconds between two signs of life of the loop."""
LOOK = 0.02
LONG_ENOUGH = 0.1
"""Seconds of standing still from which on the culprit is looked for."""


class Watchdog:
    """Looks at the loop that it was made in from a thread of its own."""

    def __init__(self, handler: Handler[Any]) -> None:
        self.blocked = 0.0
        """Seconds for which the loop stood still in the handler's own code, at the longest."""
        self.where = ""
        """The line that it stood at."""
        self._home = home_of(handler)
        code = handler.run.__code__
        self._anywhere = told(code.co_filename, code.co_firstlineno, code.co_name)
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._beaten = time.monotonic()
        self._over = threading.Event()
        self._next: asyncio.TimerHandle | None = None
        # A loop may know since when it is busy; signs of life are for those that do not.
        self._busy_since: Callable[[], float | None] | None = getattr(self._loop, "busy_since", None)

    @contextmanager
    def watching(self) -> Iterator["Watchdog"]:
        """Watch while this is open."""
        if self._busy_since is None:
            self._beat()
        # The handler may hold up this thread, too, before it has begun: its watch runs from here on.
        watcher = threading.Thread(target=self._watch, args=(_Stopwatch(),), name="watchdog", daemon=True)
        watcher.start()
        try:
            yield self
        finally:
            self._over.set()
            watcher.join()
            if self._next:
                self._next.cancel()

    def _beat(self) -> None:
        self._beaten = time.monotonic()
        self._next = self._loop.call_later(BEAT, self._beat)

    def _watch(self, stopwatch: "_Stopwatch") -> None:
        turn, stood = self._turn(), 0.0
        idle = BEAT if self._busy_since is None else 0.0
        while True:
            before, turn = turn, self._turn()
            passed = stopwatch.lap()
            # Who keeps the interpreter's lock holds up this thread, too, and may be elsewhere by now.
            starved = passed >= LONG_ENOUGH
            stood = stood + passed if starved or (turn is not None and turn == before) else 0.0
            if stood - idle >= max(LONG_ENOUGH, self.blocked):
                self._blame(stood - idle, self._anywhere if starved else "")
            if self._over.wait(LOOK):
                return

    def _blame(self, stood: float, otherwise: str) -> None:
        if line := culprit(sys._current_frames().get(self._loop_thread), self._home) or otherwise:
            self.blocked, self.where = stood, line

    def _turn(self) -> float | None:
        """What is another at each turn of the loop; None while it waits."""
        return self._beaten if self._busy_since is None else self._busy_since()


class _Stopwatch:
    """Measures what passes for this process: while the machine does not let it run, hardly anything does."""

    def __init__(self) -> None:
        self._last, self._worked = time.monotonic(), time.process_time()

    def lap(self) -> float:
        """Seconds since the last lap."""
        now, worked = time.monotonic(), time.process_time()
        passed, busy = now - self._last, worked - self._worked
        self._last, self._worked = now, worked
        # Awake late and having done nothing, we were held up together with the handler, and not by it.
        return passed if busy > passed / 2 else min(passed, 2 * LOOK)


def culprit(frame: FrameType | None, home: str) -> str:
    """The innermost line of the handler's own code that is at work; none when other code is."""
    found = ""
    while frame is not None:
        code = frame.f_code
        if code.co_filename == _TARGET:
            return ""  # what answers in the target's stead takes its time: not the handler's doing
        if not found and code.co_filename.startswith(home):
            found = told(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return found


def told(file: str, line: int, function: str) -> str:
    """A line of code, for people."""
    return f"{Path(file).name}:{line} in {function}: {linecache.getline(file, line).strip()}"


_TARGET = str(Path(__file__).with_name("target.py"))


def home_of(handler: Handler[Any]) -> str:
    """Where the handler's own code lies: its top package's folder, or else its file."""
    top = sys.modules.get(handler.run.__module__.partition(".")[0])
    file = handler.run.__code__.co_filename
    folders = [folder for folder in getattr(top, "__path__", ()) if file.startswith(f"{folder}/")]
    return f"{folders[0]}/" if folders else file
