"""A tracker in memory for tests of the engine, with the manners that trackers have, and deaths on order."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

import httpx

from handlers.ticketing import Draft, Rule, State, Template, Ticket, TicketingOptions


class DeskRule(Rule):
    """What this tracker has beside what all have."""

    project: Template | None = None
    labels: Template | None = None


class DeskOptions(TicketingOptions[DeskRule]):
    """The options of this tracker."""

    project: Template = "utilities"
    labels: Template = ""


class Death(BaseException):
    """The process dies here."""


@dataclass
class Paper:
    """A ticket as it lies in the tracker."""

    ticket: Ticket
    key: str
    born: float
    draft: Draft
    texts: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """People still see it."""
        return self.ticket.state is State.OPEN


@dataclass
class Desk:
    """A tracker. `deaths`: numbers of the effects after which the process dies, before it is answered."""

    clock: Callable[[], float] = lambda: 0.0
    search_lag: float = 0.0
    two_calls: bool = False
    """To write and to change the state are two requests."""
    final_after: float | None = None
    """Seconds after which a solved ticket is closed for good."""
    deaths: set[int] = field(default_factory=set)
    papers: dict[str, Paper] = field(default_factory=dict)
    effects: int = 0
    calls: list[str] = field(default_factory=list)
    trouble: dict[str, list[Exception]] = field(default_factory=dict)
    """By method: what it raises instead, one call after the other."""
    solved: dict[str, float] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Tickets that are out of our sight."""
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def quote(self, value: str) -> str:
        return f"«{value}»" if value else ""

    async def find(self, key: str) -> list[Ticket]:
        self._call("find")
        visible = self.clock() - self.search_lag
        found = [paper for paper in self.papers.values() if paper.key == key and paper.born <= visible]
        return [self._now(paper) for paper in found if paper.ticket.id not in self.hidden]

    async def look(self, ticket: str) -> Ticket | None:
        self._call("look")
        there = ticket in self.papers and ticket not in self.hidden
        return self._now(self.papers[ticket]) if there else None

    async def read(self, ticket: str) -> list[str]:
        self._call("read")
        return list(self._there(ticket).texts)

    async def open(self, draft: Draft) -> Ticket:
        self._call("open")
        number = str(next(self._numbers))
        ticket = Ticket(number, State.OPEN, f"#{number}")
        self.papers[number] = Paper(ticket, draft.key, self.clock(), draft, [draft.body])
        self._done()
        return ticket

    async def comment(self, ticket: str, text: str) -> None:
        self._call("comment")
        self._writable(ticket).texts.append(text)
        self._done()

    async def close(self, ticket: str, text: str) -> None:
        self._call("close")
        self._change(ticket, text, State.SOLVED)

    async def reopen(self, ticket: str, text: str) -> None:
        self._call("reopen")
        self._change(ticket, text, State.OPEN)

    async def preflight(self) -> str:
        return "all is there"

    def set(self, ticket: str, state: State) -> None:
        """What a person does."""
        paper = self.papers[ticket]
        paper.ticket = replace(paper.ticket, state=state)
        self.solved[ticket] = self.clock()

    def open_ones(self, key: str) -> list[str]:
        """Ids of the open tickets of a connection."""
        return [paper.ticket.id for paper in self.papers.values() if paper.key == key and paper.is_open]

    def _change(self, ticket: str, text: str, state: State) -> None:
        if text:
            self._writable(ticket).texts.append(text)
            if self.two_calls:
                self._done()
        self._writable(ticket)
        self.set(ticket, state)
        self._done()

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.trouble.get(name):
            raise self.trouble[name].pop(0)

    def _done(self) -> None:
        self.effects += 1
        if self.effects in self.deaths:
            raise Death

    def _now(self, paper: Paper) -> Ticket:
        at, long = self.solved.get(paper.ticket.id, 0), self.final_after
        if paper.ticket.state is State.SOLVED and long is not None and self.clock() - at >= long:
            paper.ticket = replace(paper.ticket, state=State.FINAL)
        return paper.ticket

    def _there(self, ticket: str) -> Paper:
        if ticket not in self.papers:
            raise refusal(404)
        return self.papers[ticket]

    def _writable(self, ticket: str) -> Paper:
        paper = self._there(ticket)
        if self._now(paper).state is State.FINAL:
            raise refusal(422)
        return paper


def refusal(code: int, **headers: str) -> httpx.HTTPStatusError:
    """What `raise_for_status` raises."""
    request = httpx.Request("POST", "https://desk.example/tickets")
    response = httpx.Response(code, headers={name.replace("_", "-"): text for name, text in headers.items()})
    return httpx.HTTPStatusError(str(code), request=request, response=response)
