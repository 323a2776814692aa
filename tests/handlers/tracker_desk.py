"""A ticket system's handler in a test's hands, over a socket, with what it keeps between attempts."""

from typing import Any

import httpx
from pydantic import JsonValue

from receiver.api import Done, Outcome
from receiver.policy import Failure, judge
from receiver.testing import MemorySteps, make_change, make_connection, make_context
from tests.handlers.fake_tracker import FakeTracker


class Desk:
    """The handler of this place."""

    def __init__(self, place: FakeTracker, **more: Any) -> None:
        self.handler = place.handler
        self.options = place.options(**more)
        place.stand_in.options = self.options
        self.memory: dict[str, JsonValue] = {}
        self.steps = MemorySteps()

    async def show(self, status: str, **fields: Any) -> Outcome | Failure:
        """One attempt; what the router would make of it."""
        async with httpx.AsyncClient(trust_env=False) as http:
            ctx = make_context(self.options, memory=self.memory, http=http, steps=self.steps)
            try:
                outcome: Outcome = await self.handler(make_change(make_connection(status, **fields)), ctx)
            except Exception as error:  # noqa: BLE001 - the router judges it
                return judge(error)
        if isinstance(outcome, Done):
            self.steps = MemorySteps()
        return outcome

    async def check(self) -> str:
        """The preflight; what it found, or what it says is missing."""
        assert self.handler.check is not None
        async with httpx.AsyncClient(trust_env=False) as http:
            try:
                return await self.handler.check(self.options, http)
            except Exception as error:  # noqa: BLE001 - an operator reads it
                return str(error)
