"""A replay keeps to its rate, and halts while too much is waiting. Time passes when the test says so."""

from dataclasses import dataclass, field

import pytest

from receiver.cli.pacing import Pace

pytestmark = pytest.mark.anyio


@dataclass
class World:
    """A clock that only sleeping moves on, and a backlog that shrinks by one with each look at it."""

    now: float = 100.0
    backlog: int = 0
    told: list[int] = field(default_factory=list)

    def pace(self, rate: float, most: int = 10) -> Pace:
        return Pace(rate, self.look, most, clock=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def look(self) -> int:
        self.backlog = max(0, self.backlog - 1)
        return self.backlog


async def test_so_many_a_second_pass() -> None:
    world = World()
    pace = world.pace(rate=50)
    for _ in range(101):
        await pace.turn(world.told.append)
    assert world.now == pytest.approx(102.0), "the first at once, the 101st two seconds later"
    assert world.told == []


async def test_who_was_held_up_does_not_make_up_for_it() -> None:
    """A hundred that pass at once after a halt would be the flood that the rate is there to prevent."""
    world = World()
    pace = world.pace(rate=10)
    await pace.turn(world.told.append)
    world.now += 60
    for _ in range(11):
        await pace.turn(world.told.append)
    assert world.now == pytest.approx(161.0)


async def test_none_passes_while_the_backlog_is_too_long() -> None:
    """And that is told once."""
    world = World(backlog=15)
    await world.pace(rate=50).turn(world.told.append)
    assert world.backlog == 9
    assert world.told == [14]
