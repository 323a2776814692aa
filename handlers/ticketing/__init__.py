"""Tickets: one open ticket for each broken connection, in whatever tracker a company has.

This is the engine, the same for all trackers. A tracker is a class of the shape of `Tracker`, options that
inherit `TicketingOptions`, and a handler of three lines:

    @handler("acme", options=Options, changed={"status"}, timeout=60)
    async def acme(change: Change, ctx: Context[Options]) -> Outcome:
        \"\"\"Keep one open ticket in Acme for each broken connection.\"\"\"
        return await follow(change, ctx, Acme(ctx.options, ctx.http))

`decision` decides (a pure function), `following` does it, `memory` says what is kept, `options` and `rules`
what can be set, `writing` and `templates` make the texts. handlers/redmine is the tracker to learn from.
"""

from handlers.ticketing.following import follow
from handlers.ticketing.options import TicketingOptions
from handlers.ticketing.rules import Do, Rule
from handlers.ticketing.templates import Template
from handlers.ticketing.tracker import Draft, RefusedError, State, Ticket, Tracker

__all__ = [
    "Do",
    "Draft",
    "RefusedError",
    "Rule",
    "State",
    "Template",
    "Ticket",
    "TicketingOptions",
    "Tracker",
    "follow",
]
