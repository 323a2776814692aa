"""`nectar-router replay`: shows connections again, and validates quarantined messages anew."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from receiver.cli.moments import lasted
from receiver.cli.output import console, print_json
from receiver.cli.pacing import Pace
from receiver.cli.reading import Journal, open_journal
from receiver.cli.readmitting import Verdict, readmit
from receiver.cli.replay_plan import Order, Plan, Planner
from receiver.journal import Observatory
from receiver.journal.replays import Replays

__all__ = ["Order", "run"]

MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, or with `dry` would be."""

    plan: Plan
    verdicts: Sequence[Verdict]
    dry: bool


def run(order: Order, *, rate: float, dry: bool, as_json: bool) -> int:
    """Replay and tell; the exit code: 1 when a message still does not fit. Raises BadParameter, Failed."""
    done = asyncio.run(_replay(order, rate, dry=dry))
    if as_json:
        print_json(_document(done))
    else:
        out = console()
        for line in _lines(done, rate):
            out.print(line, soft_wrap=True, markup=False)
    return 1 if any(verdict.problem for verdict in done.verdicts) else 0


async def _replay(order: Order, rate: float, *, dry: bool) -> Done:
    async with open_journal() as journal:
        plan = await Planner(journal, order).plan()
        if dry:
            return Done(plan, [await readmit(journal, one, dry=True) for one in plan.quarantined], dry)
        with _progress() as progress:
            return Done(plan, await _carry_out(journal, plan, rate, progress), dry)


async def _carry_out(journal: Journal, plan: Plan, rate: float, progress: Progress) -> list[Verdict]:
    replays, verdicts = Replays(journal.store), []
    # Half of what may wait is left to Nectar's webhooks: a replay must not have them refused.
    most = max(1, journal.settings.max_backlog // 2)
    pace = Pace(rate, Observatory(journal.store).backlog, most)
    task = progress.add_task("Replaying", total=len(plan.quarantined) + len(plan.shows))

    async def turn() -> None:
        await pace.turn(lambda backlog: progress.console.print(f"Waiting: the backlog is {backlog} already."))
        progress.advance(task)

    for message in plan.quarantined:
        await turn()
        verdicts.append(await readmit(journal, message, dry=False))
    for connection, handlers in plan.shows.items():
        await turn()
        await replays.replay(connection, sorted(handlers))
    return verdicts


def _progress() -> Progress:
    """A bar on a terminal; elsewhere only what there is to say. Never among the results."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())


def _lines(done: Done, rate: float) -> Iterator[str]:
    plan = done.plan
    if not plan.shows and not plan.quarantined:
        yield "There is nothing to replay."
        return
    if plan.shows:
        events = f" of {_number(plan.events, 'event')}" if plan.events else ""
        what = f"{_number(len(plan.shows), 'connection')}{events}"
        took = f"in {lasted(round(len(plan.shows) / rate * 1000))}, at {rate:g} a second"
        yield f"Would replay {what} {took}:" if done.dry else f"Replayed {what}:"
    for connection, handlers in islice(plan.shows.items(), MOST_LISTED):
        yield f"  {connection}  {', '.join(sorted(handlers)) or 'a fetch, and whom it concerns'}"
    if (more := len(plan.shows) - MOST_LISTED) > 0:
        yield f"  and {more} more"
    for verdict in done.verdicts:
        good = "fits now" if done.dry else f"fits now, accepted as event {verdict.event}"
        yield f"Message {verdict.message} {verdict.problem or good}."
    if not done.dry and plan.shows:
        yield "The worker does the rest. `nectar-router show ID` tells what comes of it."


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _document(done: Done) -> dict[str, Any]:
    return {
        "dry_run": done.dry,
        "events": done.plan.events,
        "connections": [
            {"id": connection, "handlers": sorted(handlers)}
            for connection, handlers in done.plan.shows.items()
        ],
        "quarantined": [
            {"id": verdict.message, "event": verdict.event or None, "problem": verdict.problem or None}
            for verdict in done.verdicts
        ],
    }
