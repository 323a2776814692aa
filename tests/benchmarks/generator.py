"""Load where wrk is not installed, run as a program: PORT SECONDS CONNECTIONS FILE PAUSE AGAIN.

Slower than wrk, and as slow for all that it is pointed at: ratios come out nearer to 1 than they are.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import cast

import uvloop

from tests.benchmarks.rows import percentile


def read_requests(file: Path) -> Iterator[bytes]:
    """The requests of a file, each after a line with its length in bytes."""
    with file.open("rb") as source:
        while line := source.readline():
            yield source.read(int(line))


@dataclass
class Tally:
    """What came back."""

    took: list[float] = field(default_factory=list)
    """ms."""
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0


class Sender(asyncio.Protocol):
    """Sends on one connection, each request when the one before is answered."""

    def __init__(self, requests: Iterator[bytes], tally: Tally, pause: float) -> None:
        self._requests = requests
        self._tally = tally
        self._pause = pause
        self._answer = b""
        self._began: float | None = None
        self.stopped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Send the next one when the answer is complete."""
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._answer = b""
        if self._began is not None and not self.stopped:
            self._tally.took.append((time.perf_counter() - self._began) * 1000)
            self._tally.refused += not head.startswith(b"HTTP/1.1 2")
        self._began = None
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """What was under way has failed."""
        self._tally.failed += not self.stopped
        self.stopped = True

    def _next(self) -> None:
        if self._pause:
            wait = random.expovariate(1000 / self._pause)
            asyncio.get_running_loop().call_later(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        request = None if self.stopped else next(self._requests, None)
        if request is not None:
            self._began = time.perf_counter()
            self._transport.write(request)


def _length(head: bytes) -> int:
    _, named, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if named else 0


async def send(port: int, seconds: float, connections: int, file: str, pause: float, again: bool) -> Tally:
    """Send for so many seconds. Raises RuntimeError when it is out of requests."""
    read = list(read_requests(Path(file)))
    requests, tally = cycle(read) if again else iter(read), Tally()
    loop, senders = asyncio.get_running_loop(), []
    for _ in range(connections):
        _, sender = await loop.create_connection(lambda: Sender(requests, tally, pause), "127.0.0.1", port)
        senders.append(sender)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    tally.seconds = time.perf_counter() - began
    for sender in senders:
        sender.stopped = True
    if not again and next(requests, None) is None:
        raise RuntimeError("out of messages")
    return tally


def main() -> None:
    """Send, and say what came back."""
    port, seconds, connections, file, pause, again = sys.argv[1:]
    tally = uvloop.run(send(int(port), float(seconds), int(connections), file, float(pause), again == "1"))
    said = {
        "answered": len(tally.took),
        "seconds": tally.seconds,
        "p50": percentile(tally.took, 50),
        "p99": percentile(tally.took, 99),
        "refused": tally.refused,
        "failed": tally.failed,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
