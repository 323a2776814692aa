"""Whatever happens side by side, at the end each company's record is exactly right."""

import asyncio
import random
from uuid import UUID

import pytest

from handlers.crm import BusyError, CrmOptions
from handlers.crm.figures import standing
from tests.handlers.crm_turmoil import Turmoil
from tests.handlers.crm_world import BOLT, MemoryCrm, Nectar

pytestmark = pytest.mark.anyio


class ShakyCrm(MemoryCrm):
    """Slow, at times very, and at times down: before a write, or after it and before its answer."""

    def __init__(self, nectar: Nectar, seed: int, shares: MemoryCrm | None = None) -> None:
        super().__init__(most=1 + seed % 3)
        self.chance = random.Random(seed)
        self.pause = self._pause
        self._nectar = nectar
        if shares is not None:
            self.records = shares.records

    async def _pause(self) -> None:
        await self._nectar.dawdle()
        if self.chance.random() < 0.2:
            await asyncio.sleep(0.03)  # long enough for others to read anew, write and be done
        if self.chance.random() < 0.1:
            raise BusyError("down for the moment")


@pytest.mark.parametrize("seed", [0, 4, 6, 7])
async def test_the_last_write_is_right_whenever_it_is_quiet(seed: int) -> None:
    nectar, options = Nectar(seed), CrmOptions()
    first = ShakyCrm(nectar, seed)
    workers = [(CrmOptions(), first), *((CrmOptions(), ShakyCrm(nectar, seed + n, first)) for n in (1, 2))]
    turmoil = Turmoil(nectar, [*workers], seed)
    await turmoil.connect(8)
    for _ in range(20):
        await turmoil.shake(events=3)
        for each in nectar.connections:
            stands = nectar.standing_of(options, each)
            assert first.records[stands.customer.key] == stands


@pytest.mark.parametrize("seed", range(4))
async def test_so_it_is_when_connections_move_to_another_company(seed: int) -> None:
    nectar, options = Nectar(seed), CrmOptions()
    crm = ShakyCrm(nectar, seed)
    turmoil = Turmoil(nectar, [(CrmOptions(), crm), (CrmOptions(), ShakyCrm(nectar, seed + 1, crm))], seed)
    await turmoil.connect(10)
    before = {nectar.standing_of(options, each).customer for each in nectar.connections}

    def move(connection: UUID) -> None:
        nectar.edit(connection, company=BOLT)

    await turmoil.shake(events=8, edit=move)
    for customer in before:
        belonging = await nectar.list_company(customer.id)
        assert crm.records[customer.key] == standing(customer, belonging)
