"""The stand-in Nectar as a whole: serves its API, and posts signed webhooks when a connection changes."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from receiver.simulator import payloads
from receiver.simulator.app import create_app
from receiver.simulator.catalogue import Json
from receiver.simulator.inbox import Inbox
from receiver.simulator.sender import Message, Sender
from receiver.simulator.server import serve
from receiver.simulator.state import State
from receiver.tasks import cancel


class Simulator:
    """A Nectar of one's own: `async with Simulator(...) as nectar`, then `nectar.base_url` is its API.

    `connections`, `invitations`, `requests` and `faults` may be read and changed while it runs. Without a
    `webhook_url` it only serves; the url may be set later, once the router's address is known.
    """

    def __init__(
        self,
        *,
        api_key: str = "example-api-key",
        webhook_url: str = "",
        webhook_keys: Sequence[bytes] = (),
        compress: float = 1.0,
        inbox: Inbox | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.state = State(api_key)
        self.sender = Sender(webhook_url, webhook_keys, compress=compress)
        self.connections = self.state.connections
        self.invitations = self.state.invitations
        self.requests = self.state.requests
        self.faults = self.state.faults
        self.host = host
        self.port = port
        self._inbox = inbox
        self._stack = AsyncExitStack()
        self._background: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"http://{self.host}:{self.port}"

    @property
    def base_url(self) -> str:
        """What to set as `NECTAR_BASE_URL`."""
        return f"{self.url}/v2"

    async def __aenter__(self) -> Self:
        app = create_app(self, self._inbox)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.sender)
            self.port = await stack.enter_async_context(serve(app, self.host, self.port))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await cancel(*self._background)
        await self._stack.aclose()

    def add(self, source: str | Mapping[str, Any] = "created", **fields: Any) -> str:
        """A new connection, see `State.add`; nobody is told."""
        return self.state.add(source, **fields)

    def edit(self, connection_id: str, **fields: Any) -> tuple[Json, Json]:
        """Change a connection, see `State.edit`; nobody is told."""
        return self.state.edit(connection_id, **fields)

    async def announce(self, connection_id: str) -> list[Message]:
        """Send `connection.created.v2`."""
        return await self.emit(payloads.event(payloads.CREATED, self.connections[connection_id]))

    async def change(self, connection_id: str, event_type: str | None = None, **fields: Any) -> list[Message]:
        """Change a connection, then send what Nectar would send about it, or only `event_type`."""
        before, after = self.edit(connection_id, **fields)
        if event_type is None:
            return await self.emit(*payloads.events(before, after))
        return await self.emit(payloads.event(event_type, after, before))

    async def emit(self, *sent: Json | bytes) -> list[Message]:
        """Send webhooks, all at once. Returns after the first attempt at each; retries follow by themselves.

        Without a webhook_url nothing is sent.
        """
        if not self.sender.url:
            return []
        messages = [self.sender.message(payload) for payload in sent]
        await asyncio.gather(*(self.sender.attempt(message) for message in messages))
        for message in messages:
            if message.outcome is None:
                self.start(self.sender.deliver(message))
        return messages

    async def settled(self) -> None:
        """Wait until every message is delivered, aborted or given up, and every scenario is over."""
        while self._background:
            await asyncio.wait(self._background)

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let something run beside all else, until it ends or the simulator does."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
