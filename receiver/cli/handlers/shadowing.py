"""`nectar-router handlers shadow`: what a handler in shadow mode would have done."""

import asyncio
import re
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from receiver.cli.handlers.effects import lines_of
from receiver.cli.moments import iso
from receiver.cli.output import console, print_json
from receiver.cli.reading import STYLES, open_journal
from receiver.journal import Rehearsals, Rehearsed
from receiver.settings import SHADOW


def run(name: str, limit: int, after: str, *, as_json: bool) -> None:
    """Print a page, the newest first. Raises BadParameter, Failed and SettingsError."""
    if after and not re.fullmatch(r"\d+-\d+", after):
        raise typer.BadParameter("is not what the page before named.", param_hint="--after")
    page = asyncio.run(_read(f"{name.removesuffix(SHADOW)}{SHADOW}", limit, after))
    following = page[-1][0] if len(page) == limit else None
    if as_json:
        print_json({"shadow": [_document(*entry) for entry in page], "next": following})
        return
    out = console()
    for entry in page:
        _print(out, *entry)
    if not page:
        out.print(f"{name} has done nothing in shadow mode. HANDLERS={name}:shadow runs it so.")
    if following:
        out.print(Text(f"There are more: --after {following}", style="dim"), soft_wrap=True)


async def _read(handler: str, limit: int, after: str) -> list[tuple[str, Rehearsed]]:
    async with open_journal() as journal:
        return await Rehearsals(journal.store).newest(handler, limit, after or "+")


def _document(mark: str, rehearsed: Rehearsed) -> dict[str, Any]:
    return {"id": mark, "at": _moment(mark), **asdict(rehearsed)}


def _print(out: Console, mark: str, rehearsed: Rehearsed) -> None:
    head = (
        f"{_moment(mark)}  {rehearsed.connection}  v{rehearsed.version}  {rehearsed.status or 'no status'}  "
    )
    outcome = Text(rehearsed.outcome, STYLES.get(rehearsed.outcome, ""))
    out.print(Text(head, style="bold") + outcome + Text(f"  {rehearsed.detail}".rstrip()), soft_wrap=True)
    for effect in rehearsed.effects:
        assert isinstance(effect, dict)
        for line in lines_of(effect):
            out.print(Text(f"    {line}"), soft_wrap=True)
    out.print()


def _moment(mark: str) -> str:
    return iso(int(mark.partition("-")[0])) or ""
