"""Ports of this machine that nobody listens on."""

import socket

from receiver.cli.output import Failed

HOST = "127.0.0.1"
TRIES = 100


class Ports:
    """Picks ports, each only once. What was not as usual is said in `notes`."""

    def __init__(self, *, fixed: bool) -> None:
        self.notes: list[str] = []
        self._fixed = fixed
        self._given: set[int] = set()

    def pick(self, what: str, asked: int | None, usual: int) -> int:
        """The port that was asked for, or the usual one, or, if that is taken, one of those that follow it.

        When no ports are `fixed`, any free one. Raises Failed.
        """
        if asked is not None:
            if not self._is_free(asked):
                raise Failed(f"Port {asked}, asked for as {what}, is taken.")
            return self._give(asked)
        if not self._fixed:
            return self._give(any_port())
        found = next((port for port in range(usual, usual + TRIES) if self._is_free(port)), None)
        if found is None:
            raise Failed(f"No port from {usual} to {usual + TRIES - 1} is free for {what}.")
        if found != usual:
            self.notes.append(f"Port {usual} is taken: {what} is on {found}.")
        return self._give(found)

    def _give(self, port: int) -> int:
        self._given.add(port)
        return port

    def _is_free(self, port: int) -> bool:
        return port not in self._given and not _answers(port) and _can_be_bound(port)


def any_port() -> int:
    """A port that is free now."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    # Where it listens on all addresses, some systems would let us bind to one of them all the same.
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _can_be_bound(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True
