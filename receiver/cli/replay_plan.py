"""What a replay comes to: which connections are shown to whom, and which messages are validated anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from receiver.cli.output import Failed
from receiver.cli.reading import Journal
from receiver.cli.showing import unknown
from receiver.journal.criteria import Criteria, batches
from receiver.journal.finding import Finder, Found, Named
from receiver.journal.history import Accepted
from receiver.journal.letters import Quarantined
from receiver.journal.replays import Replays
from receiver.journal.standings import read_standings
from receiver.journal.states import connection_of, handler_of


@dataclass(frozen=True, slots=True)
class Order:
    """What was typed."""

    ids: Sequence[str]
    criteria: Criteria
    """The connection, and the time of the events; with `failed`, of the failures."""
    handlers: Sequence[str] = ()
    """Only these; none: all that are enabled."""
    failed: bool = False
    """Only what is among the dead letters or in the quarantine."""


@dataclass(slots=True)
class Plan:
    """Many events of one connection come to one fetch, and one delivery to each handler."""

    shows: dict[str, set[str]] = field(default_factory=dict)
    """Handlers by connection; none: it is fetched, and who is concerned by what that brings is shown it."""
    events: int = 0
    quarantined: list[str] = field(default_factory=list)

    def add(self, connection: str, handlers: Iterable[str] = ()) -> None:
        """Have this connection shown to these handlers too."""
        self.shows.setdefault(connection, set()).update(handlers)


class Planner:
    """Makes plans from orders. Raises Failed when something that was named is not there."""

    def __init__(self, journal: Journal, order: Order) -> None:
        self._journal = journal
        self._order = order
        self._replays = Replays(journal.store)
        self._finder = Finder(journal.store)
        self._plan = Plan()

    async def plan(self) -> Plan:
        """What the order comes to; nothing is changed yet."""
        order = self._order
        self._journal.check_handlers(*order.handlers)
        if order.ids:
            await self._named(order.ids)
        elif order.failed:
            self._add_dead(await self._replays.dead(order.criteria))
            if not order.handlers and not order.criteria.connection:
                self._plan.quarantined += await self._replays.quarantined(order.criteria)
        elif order.criteria == Criteria(connection=order.criteria.connection):
            await self._named([order.criteria.connection])
        else:
            concerned = await self._replays.concerned(order.criteria)
            self._plan.events = sum(concerned.values())
            await self._add_connections(list(concerned))
        return self._plan

    async def _named(self, ids: Sequence[str]) -> None:
        found = {name: await self._finder.find(name) for name in ids}
        if missing := [name for name, what in found.items() if what is None]:
            raise Failed(unknown(*missing))
        for what in found.values():
            await self._add(what)

    async def _add(self, what: Found | None) -> None:
        match what:
            case Quarantined(message=message):
                self._plan.quarantined.append(message)
            case Accepted(connection=connection) | Named(connection=connection) if self._order.failed:
                self._add_dead(await self._replays.dead_of(connection))
            case Named(connection=connection, work=work) if work:
                self._plan.add(connection, {handler_of(work)} - {""})
            case Accepted(connection=connection) | Named(connection=connection):
                self._plan.events += isinstance(what, Accepted)
                await self._add_connections([connection])

    def _add_dead(self, works: Iterable[str]) -> None:
        wanted = self._order.handlers
        for work in works:
            handler = handler_of(work)
            if not wanted or handler in wanted:
                self._plan.add(connection_of(work), {handler} - {""})

    async def _add_connections(self, connections: Sequence[str]) -> None:
        """To the handlers asked for; else to those that are enabled here; else to those that know it."""
        chosen = self._order.handlers or self._journal.settings.journal_handlers
        if chosen:
            for connection in connections:
                self._plan.add(connection, chosen)
            return
        for batch in batches(connections, len(connections)):
            standings = await read_standings(self._journal.store, batch, self._journal.handlers)
            for connection, standing in standings.items():
                self._plan.add(connection, {work.handler for work in standing.works} - {""})
