"""One run: the house, its load, the faults, and the verdict."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.audit import Row, audit
from tests.chaos.faults import FAULTS, kill_at_random
from tests.chaos.house import House, open_house
from tests.chaos.load import Load, Shares
from tests.chaos.watch import Watch

REJECTED = 2
"""Connections that one handler refuses for good."""
WARM_UP = 2.0
"""Seconds of load before the first fault."""


@dataclass(frozen=True)
class Plan:
    """What a run is to do."""

    faults: Sequence[str] = tuple(FAULTS)
    """One after the other."""
    kills: int = 0
    """At random, after the faults, so that they are spread over the events that are left."""
    events: int = 0
    """At least so many."""
    seconds: float = 0.0
    """At least so long."""
    rate: float = 50.0
    """Events a second."""
    connections: int = 240
    patience: float = 60.0
    """Seconds that all work is given to end when the faults are over."""
    pause: float = 1.5
    """Seconds from one kill at random to the next."""
    shares: Shares = field(default_factory=Shares)


async def run(
    plan: Plan, folder: Path, first_on_path: Iterable[Path] = (), tell: Console | None = None
) -> list[Row]:
    """Do it all, and judge it."""
    async with open_house(folder, first_on_path) as house:
        urls = [f"http://127.0.0.1:{port}/webhooks/nectar" for port in house.ports]
        load = Load(house.nectar, urls, plan.connections, plan.shares)
        house.order(rejected=tuple(load.connections[:REJECTED]))
        watch = Watch(house)
        watching = asyncio.create_task(watch.forever())
        stop = asyncio.Event()
        loading = asyncio.create_task(load.run(plan.rate, stop, plan.events))
        try:
            await asyncio.sleep(WARM_UP)
            await _trouble(plan, house, load, tell)
            stop.set()
            await loading
        finally:
            loading.cancel()
            await load.settled(plan.patience)
            await watch.idle(plan.patience)
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        evidence = await watch.gather(load)
    return audit(evidence)


async def _trouble(plan: Plan, house: House, load: Load, tell: Console | None) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for name in plan.faults:
        fault = FAULTS[name]
        if tell is not None:
            tell.print(f"{loop.time() - began:6.1f} s  {len(load.sent):7} events  {fault.about}")
        await fault.strike(house, load)
        # The next one is to strike a house that works, not processes that are just being started.
        await house.ready()
    if plan.kills and tell is not None:
        tell.print(f"{loop.time() - began:6.1f} s  {len(load.sent):7} events  {plan.kills} kills at random")
    await kill_at_random(house, load, plan.kills, plan.pause)
    await asyncio.sleep(max(0.0, began + plan.seconds - loop.time()))


def table(rows: Iterable[Row]) -> Table:
    """The verdict for people."""
    made = Table("figure", "found", "must be", title="Fault bench")
    for row in rows:
        made.add_row(
            row.name,
            str(row.number),
            "0" if row.must_be_zero else "",
            style="" if row.good else "bold red",
        )
    return made


def offences(rows: Iterable[Row]) -> list[str]:
    """What must be zero and is not, with examples."""
    return [f"{row.name}: {row.number}, such as {'; '.join(row.examples)}" for row in rows if not row.good]
