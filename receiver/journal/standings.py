"""How connections stand: what was last fetched, and what is still to be done for them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from receiver.journal.criteria import ANY, Criteria
from receiver.journal.states import URGENCY, State, Work, read_works
from receiver.journal.store import Store, key
from receiver.journal.worklist import deliver, refresh

FIELDS = ["status", "since", "fetched", "version", "wanted", "covered", "snapshot"]


@dataclass(frozen=True, slots=True)
class Company:
    """Whose connection it is, as last fetched."""

    id: str = ""
    name: str = ""
    external_id: str = ""

    def is_called(self, name: str) -> bool:
        """By its id, its external id, or its name."""
        return name.casefold() in (self.id.casefold(), self.external_id.casefold(), self.name.casefold())


@dataclass(frozen=True, slots=True)
class Standing:
    """A connection."""

    id: str
    status: str
    since: int
    """When the status was first fetched, ms."""
    fetched: int
    """ms; 0: never."""
    version: int
    wanted: str
    """Mark of the newest event; empty when nothing was ever heard of it."""
    covered: str
    company: Company
    works: tuple[Work, ...] = ()
    """Its fetch, then its deliveries."""

    def state(self, handler: str = "") -> State:
        """The most urgent of its works; with a handler, of its deliveries to that."""
        works = [work for work in self.works if not handler or work.handler == handler]
        return min((work.state for work in works), key=URGENCY.index, default=State.IDLE)

    def fits(self, criteria: Criteria) -> bool:
        """Whether it is the connection, of the company, and in the status that are asked for."""
        return (
            criteria.connection in ("", self.id)
            and criteria.status.casefold() in ("", self.status.casefold())
            and (not criteria.company or self.company.is_called(criteria.company))
        )


async def read_standings(
    store: Store, connections: Sequence[str], handlers: Iterable[str], criteria: Criteria = ANY
) -> dict[str, Standing]:
    """How those of these connections stand that fit, with their deliveries to these handlers."""
    async with store.redis.pipeline(transaction=False) as pipe:
        for one in connections:
            pipe.hmget(key("connection", one), FIELDS)
        answers = zip(connections, await pipe.execute(), strict=True)
    found = {one: _standing(one, fields) for one, fields in answers}
    fitting = {one: standing for one, standing in found.items() if standing.fits(criteria)}
    works: dict[str, list[Work]] = {one: [] for one in fitting}
    names = [name for one in fitting for name in (refresh(one), *(deliver(each, one) for each in handlers))]
    for work in await read_works(store, names):
        if work.is_there or not work.handler:
            works[work.connection].append(work)
    return {one: replace(standing, works=tuple(works[one])) for one, standing in fitting.items()}


def _standing(connection: str, fields: list[str | None]) -> Standing:
    status, since, fetched, version, wanted, covered, snapshot = (field or "" for field in fields)
    return Standing(
        id=connection,
        status=status,
        since=int(since or 0),
        fetched=int(fetched or 0),
        version=int(version or 0),
        wanted=wanted,
        covered=covered,
        company=_company(snapshot),
    )


def _company(snapshot: str) -> Company:
    found = json.loads(snapshot).get("company") if snapshot else None
    named = {name: str(value) for name, value in (found or {}).items() if value is not None}
    return Company(named.get("id", ""), named.get("name", ""), named.get("externalId", ""))
