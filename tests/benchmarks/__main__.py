"""`tests/run bench`: every figure that the product is held to, ours and what it is compared with by turns.

The ratios are what counts. The absolute figures are those of this machine at this hour.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from tests import docs
from tests.benchmarks import (
    accept,
    answer,
    clients,
    connections,
    costs,
    death,
    deliveries,
    fetches,
    growth,
    idle,
    memory_per_event,
    startup,
)
from tests.benchmarks.load import GENERATOR, WITHOUT_WRK
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import MEASURED, REST, keep_on
from tests.benchmarks.redis_server import which
from tests.benchmarks.rows import Row
from tests.benchmarks.table import RESULTS, table

Measure = Callable[[Plan], Awaitable[list[Row]]]
FIGURES: dict[str, Measure] = {
    "accept": accept.measure,
    "answer": answer.measure,
    "deliveries": deliveries.measure,
    "connections": connections.measure,
    "idle": idle.measure,
    "death": death.measure,
    "fetches": fetches.measure,
    "growth": growth.measure,
    "memory": memory_per_event.measure,
    "costs": costs.measure,
    "startup": startup.measure,
    "clients": clients.measure,
}
WHEN_ASKED = {"clients"}
"""Says what a choice was made by, and is measured only by its name."""
console = Console(width=None if sys.stdout.isatty() else 200)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("tests/run bench", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=FIGURES, metavar="NAME", help=f"of {', '.join(FIGURES)}"
    )
    parser.add_argument(
        "--rounds", type=int, default=Plan().rounds, help="of which the median counts (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=Plan().seconds, help="of a round (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument(
        "--readme",
        action="store_true",
        help=f"measure all, write {RESULTS.name} and the README's tables by it",
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    parser.add_argument("--quick", action="store_true", help="as little as can be: only to see that it works")
    asked = parser.parse_args(arguments)
    if asked.readme and (asked.only or asked.quick or asked.json):
        parser.error("--readme is of a whole run: without --only, --quick and --json")
    return asked


async def run(name: str, plan: Plan) -> list[Row] | None:
    """The rows of a figure; None when it could not be measured, and why is printed."""
    try:
        rows = await FIGURES[name](plan)
    except Exception:  # noqa: BLE001 - the other figures are wanted all the same
        console.print(f"{name}: not measured\n{traceback.format_exc()}", style="red", markup=False)
        return None
    if not plan.quick:
        console.print(table([row.as_json() for row in rows]))
    return rows


async def run_all(names: list[str], plan: Plan) -> list[list[Row] | None]:
    """One after the other; in a hurry all at once, since then no figure is meant."""
    if plan.quick:
        return await asyncio.gather(*(asyncio.to_thread(asyncio.run, run(name, plan)) for name in names))
    return [await run(name, plan) for name in names]


def surroundings(plan: Plan) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "redis": which(),
        "generator": GENERATOR,
        "cores": len(MEASURED | REST),
        "load": os.getloadavg()[0],
        "rounds": plan.rounds,
        "seconds": plan.seconds,
    }


def main() -> int:
    """Measure, show, write, judge."""
    asked = parse(sys.argv[1:])
    plan = Plan(1, 1.0, quick=True) if asked.quick else Plan(asked.rounds, asked.seconds)
    keep_on(REST)
    around = surroundings(plan)
    if GENERATOR != "wrk":
        console.print(WITHOUT_WRK, style="yellow")
    names = asked.only or [name for name in FIGURES if name not in WHEN_ASKED]
    found = asyncio.run(run_all(names, plan))
    rows = [row.as_json() for some in found if some is not None for row in some]
    console.print(table(rows, ", ".join(f"{name} {value}" for name, value in around.items())))
    unmeasured = [name for name, some in zip(names, found, strict=True) if some is None]
    if file := RESULTS if asked.readme else asked.json:
        file.write_text(json.dumps({**around, "unmeasured": unmeasured, "rows": rows}, indent=2) + "\n")
    if asked.readme:
        docs.write()
    return judge(found, check=asked.check)


def judge(found: Sequence[list[Row] | None], *, check: bool) -> int:
    """The exit status: 1 when a figure could not be measured, and with `check` when a goal is missed."""
    if None in found:
        return 1
    return int(check and any(row.met is False for rows in found for row in rows or ()))


if __name__ == "__main__":
    sys.exit(main())
