"""`nectar-router show`: the whole story of what an id stands for."""

import asyncio

from receiver.cli.output import Failed, console, print_json
from receiver.cli.reading import Journal, open_journal
from receiver.cli.stories import Told, tell_connection, tell_event, tell_quarantined
from receiver.journal.finding import Finder
from receiver.journal.history import Accepted
from receiver.journal.letters import Quarantined
from receiver.journal.story import Stories


def run(name: str, *, as_json: bool) -> None:
    """Print it. Raises Failed when nothing bears that name."""
    told = asyncio.run(_tell(name))
    if as_json:
        print_json(told.document)
        return
    out = console()
    for line in told.lines:
        out.print(line, soft_wrap=True)


async def _tell(name: str) -> Told:
    async with open_journal() as journal:
        told = await _story(journal, name)
        lines = [journal.redactor.text(line) for line in told.lines]
        return Told(lines, journal.redactor.value(told.document))


async def _story(journal: Journal, name: str) -> Told:
    stories = Stories(journal.store, journal.handlers)
    match await Finder(journal.store).find(name):
        case None:
            raise Failed(unknown(name))
        case Accepted() as accepted:
            return tell_event(await stories.event(accepted))
        case Quarantined() as quarantined:
            return tell_quarantined(quarantined)
        case named:
            return tell_connection(await stories.connection(named.connection, named.work), named.work)


def unknown(*names: str) -> str:
    """That the journal knows none of these."""
    return (
        f"Nothing is known of {', '.join(names)}. An id is that of an event (`1764930000000-0`), of a "
        "message (`msg_...`), of a connection, or the name of its work (`deliver:HANDLER:CONNECTION`)."
    )
