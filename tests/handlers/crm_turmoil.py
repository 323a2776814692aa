"""Two hundred connections that break and heal at random, delivered by several workers at once.

What the router promises is kept: one delivery at a time per connection, of the newest state there is, tried
again until it goes well. All else is left to chance: which worker, how long anything takes, what fails.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from pydantic import JsonValue

from handlers.crm import Crm, CrmOptions
from receiver.api import Done, Outcome
from tests.handlers.crm_world import ACME, BOLT, Nectar, deliver

STATUSES = (
    "CONNECTED",
    "CONNECTED",
    "PASSWORD_INCORRECT",
    "MFA_TOKEN_EXPIRED",
    "WEBSITE_DOWN",
    "OTHER_ERROR",
)


class Turmoil:
    """The router around a CRM handler, in miniature. A worker: options, which have a desk, and a CRM."""

    def __init__(self, nectar: Nectar, workers: list[tuple[CrmOptions, Crm]], seed: int) -> None:
        self.nectar = nectar
        self.workers = workers
        self.chance = random.Random(seed)
        self.memories: dict[UUID, dict[str, JsonValue]] = defaultdict(dict)
        self.failures = 0
        self._turns: dict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def connect(self, connections: int) -> None:
        """Make so many connections, of one company or the other, and deliver them."""
        made = [self.nectar.connect(company=self.chance.choice((ACME, BOLT))) for _ in range(connections)]
        await asyncio.gather(*map(self._deliver, made))

    async def shake(
        self, events: int, edit: Callable[[UUID], None] | None = None, pace: float = 0.01
    ) -> None:
        """Let so many events happen, at most so many seconds apart, and wait until all is delivered."""
        deliveries = []
        for _ in range(events):
            each = self.chance.choice([*self.nectar.connections])
            if self.chance.random() < 0.8:  # the others are duplicates: nothing has changed
                (edit or self._edit)(each)
            deliveries.append(asyncio.create_task(self._deliver(each)))
            await asyncio.sleep(self.chance.random() * pace)
        outcomes = await asyncio.gather(*deliveries)
        assert all(isinstance(outcome, Done) for outcome in outcomes)

    def _edit(self, connection: UUID) -> None:
        self.nectar.edit(connection, status=self.chance.choice(STATUSES))

    async def _deliver(self, connection: UUID) -> Outcome:
        async with self._turns[connection]:
            while True:
                options, crm = self.chance.choice(self.workers)
                try:
                    memory = self.memories[connection]
                    return await deliver(crm, options, self.nectar, connection, memory)
                except ConnectionError:
                    self.failures += 1
                    await asyncio.sleep(self.chance.random() * 0.01)
