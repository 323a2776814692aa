"""The forward handler run against listeners."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from handlers.forward import Options
from receiver.api import Context
from receiver.testing import MemorySteps, make_change, make_connection, make_context

SECRET, NEXT_SECRET = ("whsec_" + base64.b64encode(name * 8).decode() for name in (b"old", b"new"))
BROKEN = make_change(make_connection("PASSWORD_INCORRECT"), "CONNECTED", version=7)
ELSEWHERE = "93.184.215.14"
"""A public address. Nothing here connects to it."""


def options(*urls: str, **more: Any) -> Options:
    return Options.model_validate({"urls": urls, **more})


def context(
    chosen: Options, http: httpx.AsyncClient, steps: MemorySteps | None = None, key: str = "key-7"
) -> Context[Options]:
    return replace(make_context(chosen, http=http, steps=steps), idempotency_key=key)


def pretending(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    """A client whose requests go nowhere."""
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


class Names:
    """What a made-up name server answers, one after the other, and how often it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = [*answers]
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


async def nobody(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")
