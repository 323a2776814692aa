"""Keeps handlers from opening connections while the suite runs, and tells that one tried."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, TypeVar

from typing_extensions import TypeVarTuple

from receiver.testing.watchdog import culprit

ResultT = TypeVar("ResultT")
ArgumentsT = TypeVarTuple("ArgumentsT")

REACHING_OUT = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")

_here = threading.local()
_hooked = False


class Guard:
    """Of one suite. Where it is active connections are refused."""

    def __init__(self, home: str) -> None:
        self.tried: list[str] = []
        """Lines of the handler's own code that tried; "" where it cannot be told which."""
        self.home = home

    @contextmanager
    def active(self) -> Iterator[None]:
        """In this thread nobody can be reached while this is open."""
        _hook_once()
        before = getattr(_here, "guard", None)
        _here.guard = self
        try:
            yield
        finally:
            _here.guard = before

    def guarded(self, work: Callable[[*ArgumentsT], ResultT], *args: *ArgumentsT) -> Callable[[], ResultT]:
        """The call, by which nobody can be reached, in whichever thread it is made."""

        def call() -> ResultT:
            with self.active():
                return work(*args)

        return call

    def refuse(self, frame: FrameType | None = None) -> NoReturn:
        """Nobody can be reached."""
        self.tried.append(culprit(frame or sys._getframe(1), self.home))
        raise ConnectionRefusedError("nobody can be reached from within the contract suite: use ctx.http")


def _hook_once() -> None:
    """Such a hook stays for ever, so there is only one, which does nothing outside of a suite's threads."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket.") or event not in REACHING_OUT:
        return
    guard = getattr(_here, "guard", None)
    if guard is not None and not _is_local(event, arguments):
        guard.refuse(sys._getframe(1))


def _is_local(event: str, arguments: tuple[Any, ...]) -> bool:
    """Unix sockets, such as the system log's."""
    return event == "socket.connect" and getattr(arguments[0], "family", None) == socket.AF_UNIX
