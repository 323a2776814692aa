"""The load: connections that change all the time, webhooks about it, some of them twice, and intruders."""

import asyncio
import json
import random
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from receiver.simulator import Attempt, Message, Sender, Simulator
from receiver.simulator.payloads import UPDATED, event
from tests.chaos.house import KEY

STATUSES = ("CONNECTED", "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "WEBSITE_DOWN")
OLD = 10 * 60.0
"""Seconds since an intruder was signed."""
MOST_AT_ONCE = 2000


@dataclass(frozen=True)
class Shares:
    """Shares of the messages of which something is odd."""

    at_once: float = 0.05
    """They go to two processes at the same moment."""
    again: float = 0.1
    """They come again some seconds after they were acknowledged."""
    intruders: float = 0.02
    """Beside them comes one that must be refused."""


@dataclass
class Sent:
    """A message, and what was answered."""

    id: str
    connection: str
    serial: int
    """Of the change that it tells of: it grows over the whole run, and GET shows it."""
    answers: list[Attempt] = field(default_factory=list)
    acknowledged: float | None = None
    """When the first 2xx came, by the monotonic clock."""


class Load:
    """Changes connections and tells of it."""

    def __init__(self, nectar: Simulator, urls: Sequence[str], connections: int, shares: Shares) -> None:
        self._shares = shares
        self.nectar = nectar
        self._senders = [Sender(url, [KEY], timeout=15) for url in urls]
        self._intruders = [Sender(url, [b"another key, just as long"], timeout=15) for url in urls]
        self._intruders += [Sender(url, [KEY], clock=lambda: time.time() - OLD) for url in urls]
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = [nectar.add("connected") for _ in range(connections)]
        self.sent: list[Sent] = []
        self.paused = False
        self.intruding: list[Sent] = []

    def change(self, connection: str) -> None:
        """Change a connection, and go on telling of it until somebody listens."""
        serial = len(self.sent) + 1
        told = f"serial {serial}"
        before, after = self.nectar.edit(connection, status=random.choice(STATUSES), statusErrorDetail=told)
        sent = Sent(f"msg_{uuid4().hex}", connection, serial)
        self.sent.append(sent)
        self._begin(self._tell(sent, json.dumps(event(UPDATED, after, before)).encode()))
        if random.random() < self._shares.intruders:
            self._begin(self._intrude(sent))

    async def run(self, rate: float, stop: asyncio.Event, events: int = 0) -> None:
        """Change `rate` connections a second: until told to stop, and at least so many times."""
        due, done = time.monotonic(), 0
        while not stop.is_set() or done < events:
            self.change(random.choice(self.connections))
            done += 1
            # More than that under way would be a test of this client, not of the router.
            while self.paused or len(self._tasks) > MOST_AT_ONCE:
                await asyncio.sleep(0.05)
            # What a pause has left out is not made up for.
            due = max(due + 1 / rate, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def settled(self, within: float) -> None:
        """Wait until all is acknowledged, at most so long; then give up what is not, and close."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sender in (*self._senders, *self._intruders):
            await sender.__aexit__(None, None, None)

    async def _tell(self, sent: Sent, body: bytes) -> None:
        message = Message(sent.id, UPDATED, body)
        at_once = self._senders if random.random() < self._shares.at_once else [random.choice(self._senders)]
        while sent.acknowledged is None:
            await asyncio.gather(*(self._post(sender, sent, message) for sender in at_once))
            at_once = [random.choice(self._senders)]
            if sent.acknowledged is None:
                await asyncio.sleep(random.uniform(0.2, 1.0))
        if random.random() < self._shares.again:
            await asyncio.sleep(random.uniform(0, 2))
            await asyncio.gather(*(self._post(sender, sent, message) for sender in self._senders))

    async def _post(self, sender: Sender, sent: Sent, message: Message) -> None:
        answer = await sender.attempt(message)
        sent.answers.append(answer)
        if answer.acknowledged and sent.acknowledged is None:
            sent.acknowledged = time.monotonic()

    async def _intrude(self, like: Sent) -> None:
        """Neither authentic nor JSON, and authentic but old: refused before anybody reads it."""
        sender = random.choice(self._intruders)
        authentic = sender in self._intruders[len(self._senders) :]
        body = json.dumps({"id": like.connection}).encode() if authentic else b'{"id": "cut o'
        intruder = Sent(f"intruder_{uuid4().hex}", like.connection, 0)
        self.intruding.append(intruder)
        await self._post(sender, intruder, Message(intruder.id, UPDATED, body))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
