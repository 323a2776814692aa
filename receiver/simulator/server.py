"""Serves an ASGI app in the running event loop, on a port of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from receiver.simulator.faults import LINE, Line


class _Connection(HttpToolsProtocol):
    """Shows each request the connection that it came by, so that a fault can hang up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._line = Line(transport)
        self.app_state = {**self.app_state, LINE: self._line}

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._line.lost.set()


class _Server(Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Signals belong to the program that the simulator is a part of.
        yield


@asynccontextmanager
async def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve `app` while the block runs; gives the port (0: a free one). Raises OSError if it is taken."""
    config = Config(
        app,
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=75,  # longer than clients keep theirs: never closed as a request comes
        timeout_graceful_shutdown=3,
    )
    server = _Server(config)
    # The protocol is named because asyncio sets TCP_NODELAY only then; without it answers wait for Nagle.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                await (serving if serving.done() else asyncio.sleep(0.01))
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            await serving
