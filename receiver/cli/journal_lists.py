"""`nectar-router events`, `connections`, `deliveries`, `dead` and `quarantine`."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import typer
from rich.text import Text

from receiver.cli.journal_rows import (
    Row,
    connection_row,
    dead_row,
    delivery_row,
    event_row,
    quarantine_row,
)
from receiver.cli.output import console, print_json
from receiver.cli.reading import Journal, open_journal, print_rows
from receiver.journal.criteria import Criteria, Page
from receiver.journal.letters import Letters
from receiver.journal.listing import Events
from receiver.journal.scans import Scans

ROWS: dict[str, Callable[[Any, Criteria], Row]] = {
    "events": event_row,
    "connections": connection_row,
    "deliveries": delivery_row,
    "dead": dead_row,
    "quarantine": quarantine_row,
}
CURSORS = {"events": r"\d+-\d+", "dead": r"\d+:.+", "quarantine": r"\d+:.+"}
"""What `--after` must look like."""


def run(name: str, criteria: Criteria, limit: int, after: str, *, as_json: bool) -> None:
    """Print a page of a list. Raises BadParameter, Failed, SettingsError."""
    if after and not re.fullmatch(CURSORS.get(name, ".+"), after):
        raise typer.BadParameter("is not what the page before named.", param_hint="--after")
    rows, following = asyncio.run(_read(name, criteria, limit, after))
    if as_json:
        print_json({name: [row.document for row in rows], "next": following})
        return
    if rows:
        print_rows(list(rows[0].cells), [list(row.cells.values()) for row in rows])
    else:
        console().print("There is none." if criteria == Criteria() else "None is like that.")
    if following:
        console().print(Text(f"There are more: --after {following}", style="dim"), soft_wrap=True)


async def _read(name: str, criteria: Criteria, limit: int, after: str) -> tuple[list[Row], str | None]:
    async with open_journal() as journal:
        journal.check_handlers(criteria.handler)
        page = await _page(name, journal, criteria, limit, after)
        rows = [ROWS[name](row, criteria) for row in page.rows]
        redactor = journal.redactor
        masked = [
            Row(
                {title: redactor.text(cell) for title, cell in row.cells.items()},
                redactor.value(row.document),
            )
            for row in rows
        ]
        return masked, page.next


async def _page(name: str, journal: Journal, criteria: Criteria, limit: int, after: str) -> Page[Any]:
    asked = (criteria, limit, after)
    match name:
        case "events":
            return await Events(journal.store, journal.handlers).page(*asked)
        case "connections":
            return await Scans(journal.store, journal.handlers).connections(*asked)
        case "deliveries":
            return await Scans(journal.store, journal.handlers).deliveries(*asked)
        case "dead":
            return await Letters(journal.store).dead(*asked)
    return await Letters(journal.store).quarantine(*asked)
