"""How soon the journal tells what is in it: the lists and `show` of `nectar-router`, without its start."""

import time
from collections.abc import Awaitable, Callable, Mapping
from statistics import median

from receiver.journal import Store
from receiver.journal.criteria import Criteria
from receiver.journal.finding import Finder
from receiver.journal.history import Accepted, History
from receiver.journal.letters import Letters
from receiver.journal.listing import Events
from receiver.journal.scans import Scans
from receiver.journal.story import Stories
from tests.benchmarks.plan import Plan
from tests.benchmarks.rows import Row, absolute

PAGE = 50
"""As of `--limit`, when nothing is said."""
MOST, LEAST = 30, 3
"""Readings of which the median counts."""
LONG_ENOUGH, TOO_LONG = 1.0, 10.0
"""Seconds after which the least of them will do, and after which there are no more."""
Read = Callable[[], Awaitable[object]]


async def listed(store: Store, handlers: tuple[str, ...], connection: str, plan: Plan) -> list[Row]:
    """One row for each list. `connection`: of whom one would like to know."""
    newest = await History(store).newest_events(1)
    name = newest[0].message if newest else "msg_unknown"
    return [
        absolute("growth", command, "ms", [await _middle(read, plan)])
        for command, read in _commands(store, handlers, connection, name).items()
    ]


def _commands(store: Store, handlers: tuple[str, ...], connection: str, message: str) -> Mapping[str, Read]:
    events, scans, letters = Events(store, handlers), Scans(store, handlers), Letters(store)
    finder, stories = Finder(store), Stories(store, handlers)

    async def show(name: str) -> object:
        match await finder.find(name):
            case None:
                return None
            case Accepted() as found:
                return await stories.event(found)
        return await stories.connection(connection)

    anything, of_one = Criteria(), Criteria(connection=connection)
    return {
        "`events`": lambda: events.page(anything, PAGE),
        "`events --connection`": lambda: events.page(of_one, PAGE),
        "`events --state dead`": lambda: events.page(Criteria(state="dead"), PAGE),
        "`events --state parked`, there is none": lambda: events.page(Criteria(state="parked"), PAGE),
        "`events --status`, there is none": lambda: events.page(Criteria(status="NONE"), PAGE),
        "`connections`": lambda: scans.connections(anything, PAGE),
        "`deliveries`": lambda: scans.deliveries(anything, PAGE),
        "`dead`": lambda: letters.dead(anything, PAGE),
        "`show` a connection": lambda: show(connection),
        "`show` the newest message": lambda: show(message),
    }


async def _middle(read: Read, plan: Plan) -> float:
    """Milliseconds of the middle one of some readings."""
    took: list[float] = []
    while len(took) < plan.size(MOST, 1) and sum(took) < (LONG_ENOUGH if len(took) >= LEAST else TOO_LONG):
        began = time.perf_counter()
        await read()
        took.append(time.perf_counter() - began)
    return median(took) * 1000
