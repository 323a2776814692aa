"""`python -m tests.chaos.fuzz`: the fuzz from the command line."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from tests.chaos.bench import offences
from tests.chaos.fuzz import Plan, fuzz, table


def main(
    requests: Annotated[int, typer.Option(help="So many.")] = 5000,
    seed: Annotated[int, typer.Option(help="What chance begins with.")] = 1,
    lanes: Annotated[int, typer.Option(help="So many connections at a time.")] = 32,
) -> None:
    """Send made-up requests to the web process, and judge each answer and how it stood them."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        rows = uvloop.run(fuzz(Plan(requests, seed, lanes), Path(folder), tell=console))
    console.print(table(rows))
    for offence in offences(rows):
        console.print(offence, style="red", markup=False, soft_wrap=True)
    sys.exit(1 if offences(rows) else 0)


typer.run(main)
