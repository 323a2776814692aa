"""Posts webhooks as Svix does it for Nectar: signed, with a deadline, again and again until acknowledged.

https://docs.svix.com/receiving/introduction and https://docs.svix.com/retries say how.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from receiver.describing import describe
from receiver.signature import sign
from receiver.simulator.catalogue import Json

SCHEDULE = (0.0, 5.0, 5 * 60.0, 30 * 60.0, 2 * 3600.0, 5 * 3600.0, 10 * 3600.0, 10 * 3600.0)
"""Seconds before each attempt, counted from the failure of the one before it."""

TIMEOUT = 15.0
"""Seconds within which an acknowledgement must have come."""


AT_A_TIME = 100
"""POSTs under way at once, the client's own number of connections."""


class Outcome(StrEnum):
    """How it ended with a message."""

    DELIVERED = "delivered"
    ABORTED = "aborted"
    GIVEN_UP = "given up"


@dataclass(frozen=True)
class Attempt:
    """One POST: when (seconds since the epoch), what was answered (None: nothing), after how many seconds."""

    message_id: str
    at: float
    status_code: int | None
    latency: float
    error: str = ""
    abort: bool = False
    """The answer asked for no more attempts."""

    @property
    def acknowledged(self) -> bool:
        """Only 2xx counts: a redirect is a failure."""
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass
class Message:
    """A webhook and what became of it. Its id and body are the same for every attempt."""

    id: str
    event_type: str
    body: bytes
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome | None:
        """None: there are attempts to come."""
        if not self.attempts:
            return None
        if self.attempts[-1].acknowledged:
            return Outcome.DELIVERED
        if self.attempts[-1].abort:
            return Outcome.ABORTED
        return Outcome.GIVEN_UP if len(self.attempts) >= len(SCHEDULE) else None


class Sender:
    """Sends messages to one endpoint. With several `keys` it signs with each, as while a secret is rotated.

    With no key messages go out unsigned. `compress` multiplies the waits of the schedule.
    """

    def __init__(
        self,
        url: str = "",
        keys: Sequence[bytes] = (),
        *,
        compress: float = 1.0,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self.keys = tuple(keys)
        self.compress = compress
        self.messages: list[Message] = []
        self._timeout = timeout
        self._clock = clock
        # A burst waits here, where it does not count as the endpoint's slowness.
        self._slots = asyncio.Semaphore(AT_A_TIME)
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt at every message, by message."""
        return [attempt for message in self.messages for attempt in message.attempts]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def message(self, payload: Json | bytes, message_id: str = "") -> Message:
        """A message ready to be sent. Bytes go out as they are; an id of one's own makes a duplicate."""
        event_type = "" if isinstance(payload, bytes) else str(payload.get("eventType", ""))
        body = payload if isinstance(payload, bytes) else _encode(payload)
        made = Message(message_id or f"msg_{uuid4().hex}", event_type, body)
        self.messages.append(made)
        return made

    async def send(self, payload: Json | bytes, message_id: str = "") -> Message:
        """Send until it is acknowledged, aborted or given up; may take 28 hours (times `compress`)."""
        return await self.deliver(self.message(payload, message_id))

    async def deliver(self, message: Message) -> Message:
        """All attempts that are still due, at their times."""
        while message.outcome is None:
            await asyncio.sleep(SCHEDULE[len(message.attempts)] * self.compress)
            await self.attempt(message)
        return message

    async def attempt(self, message: Message) -> Attempt:
        """One POST, with a timestamp and a signature of its own."""
        async with self._slots:
            at, began = self._clock(), time.perf_counter()
            code, error, abort = None, "", False
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await self._client.post(
                        self.url, content=message.body, headers=self._headers(message, int(at))
                    )
                code, abort = answer.status_code, answer.headers.get("webhook-delivery") == "abort-message"
            except (httpx.HTTPError, TimeoutError) as failure:
                error = describe(failure)
            latency = time.perf_counter() - began
        made = Attempt(message.id, at, code, latency, error, abort)
        message.attempts.append(made)
        return made

    def _headers(self, message: Message, timestamp: int) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "user-agent": "Svix-Webhooks/1.0 (nectar-router simulator)",
            "svix-id": message.id,
            "svix-timestamp": str(timestamp),
        }
        if self.keys:
            signatures = (sign(key, message.id, timestamp, message.body) for key in self.keys)
            headers["svix-signature"] = " ".join(signatures)
        return headers


def _encode(payload: Json) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
