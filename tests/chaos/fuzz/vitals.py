"""How a process is: its memory, what it has open, who is connected to it; as Linux tells it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
ENDED = {"06", "07", "0A"}
"""TIME_WAIT, CLOSE and LISTEN: nobody is connected."""


@dataclass(frozen=True)
class Socket:
    """One end of a connection."""

    local: int
    remote: int
    inode: str


def resident(pid: int) -> float:
    """Memory in use, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def open_files(pid: int, except_to: int) -> int:
    """How many files and sockets are open; connections to one port, those of a pool, do not count."""
    pool = {each.inode for each in _sockets(pid) if each.remote == except_to}
    return sum(inode not in pool for inode in _inodes(pid))


def callers(pid: int, port: int) -> int:
    """How many are connected to a port of the process."""
    own = set(_inodes(pid))
    return sum(each.local == port and each.inode in own for each in _sockets(pid))


def _sockets(pid: int) -> Iterator[Socket]:
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *rest = line.split()
        if state not in ENDED:
            yield Socket(_port(local), _port(remote), rest[5])


def _port(address: str) -> int:
    return int(address.partition(":")[2], 16)


def _inodes(pid: int) -> Iterator[str]:
    """What each descriptor leads to; of a socket its inode."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            yield str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")
