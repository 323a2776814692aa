"""A stand-in Nectar that is faster than whoever asks it: `python -m tests.benchmarks.stand_in PORT`.

GET /v2/connection/{id}/details is answered after a millisecond, GET /count with how often that was asked.
"""

import asyncio
import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import uvloop

from receiver.simulator import catalogue
from tests.benchmarks.ports import free_port
from tests.benchmarks.processes import REST, program
from tests.benchmarks.webs import wait_for_answer

DELAY = 0.001
"""Seconds."""
EXAMPLE = catalogue.connection("connected")
BEFORE, AFTER = json.dumps(EXAMPLE, separators=(",", ":")).encode().split(EXAMPLE["id"].encode())


def answer(body: bytes) -> bytes:
    """An answer with this body."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + body


class Nectar(asyncio.Protocol):
    """Answers requests of one connection, of which one is asked at a time."""

    asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        self._transport = cast(asyncio.Transport, transport)
        self._head = b""

    def data_received(self, data: bytes) -> None:
        """Answer once the head is complete."""
        self._head += data
        if not self._head.endswith(b"\r\n\r\n"):
            return
        parts, self._head = self._head.split(b" ", 2)[1].split(b"/"), b""
        if parts[-1] == b"details":
            Nectar.asked += 1
            body = BEFORE + parts[-2] + AFTER
            asyncio.get_running_loop().call_later(DELAY, self._transport.write, answer(body))
        else:
            self._transport.write(answer(b"%d" % Nectar.asked))


async def serve(port: int) -> None:
    """Answer until cancelled."""
    server = await asyncio.get_running_loop().create_server(Nectar, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


@dataclass(frozen=True)
class StandIn:
    """A stand-in that runs."""

    port: int

    @property
    def url(self) -> str:
        """NECTAR_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/v2"

    def asked(self) -> int:
        """How often it was asked for a connection so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count", timeout=10) as reply:
            return int(reply.read())


@contextmanager
def stand_in_nectar() -> Iterator[StandIn]:
    """A stand-in while the block runs, on the core of the load."""
    port = free_port()
    with program(f"python -m tests.benchmarks.stand_in {port}", {}, REST) as started:
        wait_for_answer(f"http://127.0.0.1:{port}/count", started, good=True)
        yield StandIn(port)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
