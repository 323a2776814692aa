"""Ports of this machine: the usual ones, or others where somebody listens there already."""

import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

from receiver.cli.output import Failed

T = TypeVar("T")
HOST = "127.0.0.1"


class Ports:
    """Picks ports. `notes` says where one is not the usual one; while none is `fixed`, any will do."""

    def __init__(self, *, fixed: bool) -> None:
        self.notes: list[str] = []
        self._fixed = fixed

    async def open(self, what: str, asked: int | None, usual: int, start: Callable[[int], Awaitable[T]]) -> T:
        """What `start` gives for a port, 0: any. It raises OSError where the port is taken. Raises Failed."""
        try:
            return await start((usual if self._fixed else 0) if asked is None else asked)
        except OSError:
            if asked is not None:
                raise Failed(f"Port {asked}, asked for as {what}'s, is taken.") from None
        self.notes.append(f"Port {usual} is taken, so {what} has another.")
        return await start(0)


def any_port() -> int:
    """A port that is free now."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


async def free_port(port: int) -> int:
    """The port, or if it is 0 any that is free now. Raises OSError when somebody listens there."""
    with socket.socket() as probe:
        # Where it listens on all addresses, some systems would let us bind to one of them all the same.
        if port and probe.connect_ex((HOST, port)) == 0:
            raise OSError
    with socket.create_server((HOST, port)) as probe:
        return int(probe.getsockname()[1])
