"""The engine: brings the ticket of a connection to what the connection's status asks for.

Everything done in the tracker is a numbered step of `ctx.once`, whose result says how the ticket was left;
memory is what comes of these results in turn. A step that was begun and whose end nobody knows (a process
died, an answer was lost) is looked for in the tracker before anything else is done: by the key where a ticket
was to be opened, by the mark at the end of its text where something was to be written.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

import httpx
from pydantic import JsonValue

from handlers.ticketing.decision import Act, Move, Situation, decide
from handlers.ticketing.memory import Memory, key_of, last_mark, record
from handlers.ticketing.options import TicketingOptions, settings_for
from handlers.ticketing.rules import Do
from handlers.ticketing.tracker import RefusedError, State, Ticket, Tracker
from handlers.ticketing.writing import Writer
from receiver.api import Change, Context, Done, Outcome, Rejected, RetryLater

GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
MOST_LOOKS = 3
"""In one run: people delete tickets while we are at work on them."""


async def follow(
    change: Change, ctx: Context[Any], tracker: Tracker, *, clock: Callable[[], float] = time.time
) -> Outcome:
    """Bring the ticket of this connection to what its status asks for. `ctx.options`: TicketingOptions."""
    try:
        return await _Following(change, ctx, tracker, clock()).run()
    except RefusedError as refusal:
        return Rejected(str(refusal))


class _Following:
    """One run."""

    def __init__(
        self, change: Change, ctx: Context[TicketingOptions[Any]], tracker: Tracker, now: float
    ) -> None:
        self.connection = change.connection
        self.status = change.connection.status
        self.ctx = ctx
        self.tracker = tracker
        self.now = now
        self.key = key_of(change.connection.id)
        self.searched = False
        self.settings = settings_for(ctx.options, change.connection)
        self.writer = Writer(
            connection=change.connection,
            options=ctx.options,
            settings=self.settings,
            quote=tracker.quote,
        )

    @property
    def memory(self) -> Memory:
        """As it is now."""
        return Memory.model_validate(self.ctx.memory)

    def remember(self, memory: Memory) -> Memory:
        """Keep it, also if this attempt then fails."""
        self.ctx.memory.update(memory.model_dump(mode="json"))
        return memory

    async def run(self) -> Outcome:
        """Do what is to be done; how that went."""
        self.remember(self.memory.noticing(self.status, self.now))
        await self.catch_up()
        ignored = self.settings["do"] is Do.IGNORE
        if (wait := self.memory.begun + self.tracker.search_lag - self.now) > 0 and not ignored:
            return RetryLater(wait, "a ticket may have been opened that the search does not show yet")
        for _ in range(MOST_LOOKS):
            situation = self.situation(None if ignored else await self.look())
            move = decide(situation)
            if not isinstance(move, Move):
                return self.leave(situation, move)
            if move.act is Act.OPEN and not self.searched:
                # Memory may be right that there was none and be out of date: tickets come back into sight.
                self.remember(self.memory.in_doubt(None))
            elif await self.make(move, situation):
                return Done(self.memory.label)
        return RetryLater(60, "the ticket was gone each time that something was to be written in it")

    async def catch_up(self) -> None:
        """Take in what earlier attempts finished before they died, and whether one died in the midst."""
        while (finished := await self.ctx.steps.recall(str(self.memory.step))) is not None:
            self.remember(self.memory.after(finished[0]))
        begun = await self.ctx.steps.recall(_begun(self.memory.step))
        if begun is not None:
            self.remember(self.memory.in_doubt(begun[0]))

    async def look(self) -> Ticket | None:
        """The connection's ticket as it stands. Memory says the same afterwards."""
        memory = self.memory
        ticket = await self.tracker.look(memory.ticket) if memory.ticket else None
        if memory.sure and (ticket is not None or memory.ticket is None):
            return ticket
        if memory.ticket and ticket is None:
            self.ctx.log.info("ticket is gone", ticket=memory.ticket)
            memory = memory.without_ticket(sure=False)
        return await self.search(memory, ticket)

    async def search(self, memory: Memory, known: Ticket | None) -> Ticket | None:
        """Find the ticket again, and by the marks in it how far we got."""
        self.searched = True
        ticket = _foremost(known, await self.tracker.find(self.key))
        if ticket is None:
            self.remember(memory.without_ticket(sure=True))
            return None
        self.remember(memory.found(ticket, last_mark(self.key, await self.tracker.read(ticket.id))))
        return ticket

    def situation(self, ticket: Ticket | None) -> Situation:
        """All that the decision depends on."""
        first_seen = self.connection.status_first_seen_time
        return Situation(
            status=self.status,
            do=self.settings["do"],
            after=self.settings["after"],
            first_seen=first_seen.timestamp() if first_seen else None,
            reopen_within=self.ctx.options.reopen_within,
            memory=self.memory,
            ticket=ticket,
            now=self.now,
        )

    def leave(self, situation: Situation, outcome: Outcome) -> Outcome:
        """Nothing more is to be done."""
        if situation.do is Do.CLOSE and not situation.is_open:
            self.remember(self.memory.recovered(self.status))
        return outcome

    async def make(self, move: Move, situation: Situation) -> bool:
        """Make it; False when the ticket is gone."""
        step = self.memory.step
        effect = await self.effect(move, situation)
        await self.ctx.steps.record(_begun(step), self.now if move.act is Act.OPEN else None)
        try:
            finished = await self.ctx.once(str(step), effect)
        except httpx.HTTPStatusError as error:
            if move.act is Act.OPEN or error.response.status_code not in GONE:
                raise
            self.remember(self.memory.without_ticket(sure=False))
            return False
        self.remember(self.memory.after(finished))
        return True

    async def effect(self, move: Move, situation: Situation) -> Callable[[], Awaitable[JsonValue]]:
        """What is to be done in the tracker; its texts are written beforehand."""
        step, since = self.memory.step, situation.since
        link = await self.ctx.reconnect_link() if self.writer.wants_reconnect_link(move) else None
        if move.act is Act.OPEN or move.ticket is None:
            draft = self.writer.draft(move, step, since, link, self.ctx.idempotency_key)

            async def open_ticket() -> JsonValue:
                return record(await self.tracker.open(draft), self.status, left_open=True)

            return open_ticket
        write = {
            Act.COMMENT: self.tracker.comment,
            Act.CLOSE: self.tracker.close,
            Act.REOPEN: self.tracker.reopen,
        }[move.act]
        ticket, text = move.ticket, self.writer.comment(move, step, since, link)
        solved = self.now if move.act is Act.CLOSE else None
        left_open = situation.do is Do.OPEN or (situation.do is Do.COMMENT and self.memory.open)

        async def write_in_ticket() -> JsonValue:
            await write(ticket.id, text)
            return record(ticket, self.status, left_open=left_open, solved=solved)

        return write_in_ticket


def _begun(step: int) -> str:
    return f"{step} begun"


def _foremost(known: Ticket | None, found: Sequence[Ticket]) -> Ticket | None:
    """Of several (people copy tickets, with all that they hold) the one to go on with."""
    tickets = [*([] if known is None or known.id in {each.id for each in found} else [known]), *found]
    still_open = [each for each in tickets if each.state is State.OPEN]
    ours = (each for each in still_open if known is not None and each.id == known.id)
    return next(ours, None) or next(iter([*still_open, *reversed(tickets)]), None)
