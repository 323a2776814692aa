"""A TCP proxy before Redis that loses replies: what was written is written, and nobody is told."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

SCRIPT = b"EVALSHA"
CHUNK = 1 << 16


class Proxy:
    """`cutting` is the share of scripts whose reply is lost, together with the connection."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.cutting = 0.0
        self.cuts = 0
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Proxy"]:
        """Serve while the block runs."""
        server = await asyncio.start_server(self._begin, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, to_redis = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        lost = asyncio.Event()
        ways = [
            asyncio.create_task(self._requests(reader, to_redis, lost)),
            asyncio.create_task(self._replies(upstream, writer, lost)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            to_redis.close()

    async def _requests(
        self, reader: asyncio.StreamReader, to_redis: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if SCRIPT in data and random.random() < self.cutting:
                    lost.set()
                to_redis.write(data)
                await to_redis.drain()

    async def _replies(
        self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await upstream.read(CHUNK):
                # There is a reply: what was sent has been done.
                if lost.is_set():
                    self.cuts += 1
                    return
                writer.write(data)
                await writer.drain()
