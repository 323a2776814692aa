"""`nectar-router dev --once`: plays one connection's story and watches what comes of each step."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from receiver.cli.dev.waiting import until
from receiver.journal.history import Accepted, Attempt, History, Version, milliseconds
from receiver.simulator import Inbox, Mail, Message, Scenario, Simulator, Step
from receiver.simulator.scenarios import situation

PATIENCE = 20.0
"""Seconds that a step's effects may take."""
BREATH = 1.2
"""Seconds between two steps, at most: beyond the pause that the router keeps between two fetches of one
connection, so that what is shown is its speed and not that pause."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A step of the story, and all that came of it."""

    name: str
    status: str
    """As the stand-in Nectar answered it."""
    settled: bool
    """All that it called for was done in time."""
    messages: Sequence[Message]
    accepted: Sequence[Accepted]
    versions: Sequence[Version]
    attempts: Sequence[Attempt]
    mails: Sequence[Mail]

    def after(self, moment: float) -> int:
        """How long after the step's first event was accepted that moment (ms since the epoch) was, in ms."""
        began = min((milliseconds(event.mark) for event in self.accepted), default=moment)
        return max(0, round(moment - began))


class Stage:
    """Where a story is played with one connection that was never there before."""

    def __init__(self, simulator: Simulator, inbox: Inbox, history: History, handlers: Sequence[str]) -> None:
        self._simulator = simulator
        self._inbox = inbox
        self._history = history
        self._handlers = handlers
        self.connection = str(uuid4())

    async def play(self, story: Scenario) -> list[Scene]:
        """Step by step, each as soon as the one before has had its effects, or had its time."""
        return [await self._scene(step) for step in story.steps]

    async def _scene(self, step: Step) -> Scene:
        await asyncio.sleep(min(step.pause, BREATH))
        began = await self._history.now()
        mails = len(self._inbox.mails)
        messages = await self._act(step)
        settled = await self._settle()
        return Scene(
            name=step.fixture,
            status=str(self._simulator.connections[self.connection]["status"]),
            settled=settled,
            messages=messages,
            accepted=await self._history.events_since(began, self.connection),
            versions=[
                version
                for version in await self._history.versions(self.connection)
                if version.fetched >= milliseconds(began)
            ],
            attempts=await self._history.attempts_since(began, self.connection),
            mails=self._inbox.mails[mails:],
        )

    async def _act(self, step: Step) -> list[Message]:
        known = self._simulator.connections.get(self.connection)
        if known is None:
            self._simulator.add(step.fixture, id=self.connection)
            return await self._simulator.announce(self.connection)
        return await self._simulator.change(self.connection, **situation(step.fixture, known))

    async def _settle(self) -> bool:
        try:
            await until(lambda: self._history.is_settled(self.connection, self._handlers), PATIENCE)
        except TimeoutError:
            return False
        return True
