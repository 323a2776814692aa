"""`./tests/run chaos`: the fault bench from the command line, and the fuzz after it."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from tests.chaos import fuzz
from tests.chaos.bench import Plan, offences, run, table
from tests.chaos.faults import FAULTS


def main(
    events: Annotated[int, typer.Option(help="At least so many events.")] = 0,
    kills: Annotated[int, typer.Option(help="So many kills at random, after the faults.")] = 0,
    seconds: Annotated[float, typer.Option(help="At least so long.")] = 0.0,
    rate: Annotated[float, typer.Option(help="Events a second.")] = 50.0,
    connections: Annotated[int, typer.Option(help="Connections that change.")] = 240,
    faults: Annotated[str, typer.Option(help="By commas; 'none' for none.")] = ",".join(FAULTS),
    requests: Annotated[int, typer.Option(help="So many requests of the fuzz, after the bench.")] = 0,
    long: Annotated[
        bool, typer.Option("--long", help="100,000 events, 1,000 kills, 1,000,000 requests.")
    ] = False,
    keep: Annotated[Path | None, typer.Option(help="Where to leave the logs and the ledger.")] = None,
) -> None:
    """Run the router under load, inject faults, and audit every acknowledged event."""
    chosen = [] if faults == "none" else faults.split(",")
    if unknown := set(chosen) - FAULTS.keys():
        raise typer.BadParameter(
            f"no such faults: {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}"
        )
    plan = Plan(chosen, kills, events, seconds, rate, connections)
    if long:
        plan = Plan(chosen, 1000, 100_000, seconds, 60.0, 500, patience=300.0)
        requests = 1_000_000
    console = Console()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        rows = asyncio.run(run(plan, keep or Path(folder), tell=console))
    console.print(table(rows))
    if requests:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            fuzzed = uvloop.run(fuzz.fuzz(fuzz.Plan(requests), Path(folder), tell=console))
        console.print(fuzz.table(fuzzed))
        rows += fuzzed
    for offence in offences(rows):
        console.print(offence, style="red", markup=False, soft_wrap=True)
    sys.exit(1 if offences(rows) else 0)


typer.run(main)
