"""The fuzz: what the web process answers to made-up requests, a million of them, and whether it stays well.

`python -m tests.chaos.fuzz --requests 5000 --seed 7` runs it alone.
"""

from collections.abc import Iterable

from rich.table import Table

from tests.chaos import bench
from tests.chaos.audit import Row
from tests.chaos.fuzz.run import Plan, fuzz

__all__ = ["Plan", "fuzz", "table"]


def table(rows: Iterable[Row]) -> Table:
    """The verdict for people."""
    made = bench.table(rows)
    made.title = "Fuzz"
    return made
