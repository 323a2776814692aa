"""The figures for people: in the terminal, and for the README by `python -m tests.benchmarks.table FILE`."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.table import Table

VERDICTS = {True: "[green]met[/]", False: "[bold red]missed[/]", None: ""}


def table(rows: Iterable[dict[str, Any]], title: str = "") -> Table:
    """What is red is below its goal."""
    made = Table(title=title or None)
    for column in ("figure", "", "ours", "theirs", "value", "goal", "", "note"):
        made.add_column(column, justify="right" if column in ("ours", "theirs", "value") else "left")
    for row in rows:
        value = shown(row["value"]) if row["peer"] else ""
        cells = (
            row["figure"],
            row["name"],
            _with_unit(row["ours"], row),
            _with_unit(row["theirs"], row),
            value,
        )
        color = "red" if row["met"] is False else ""
        made.add_row(*cells, row["goal"] or "", VERDICTS[row["met"]], row["note"], style=color)
    return made


def shown(value: float | None) -> str:
    """A number with as many digits as say something."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def markdown(report: dict[str, Any]) -> str:
    """What a README can hold of a report."""
    lines = ["| figure | ours | theirs | ratio | goal |", "|---|---|---|---|---|"]
    for row in report["rows"]:
        if row["value"] is None:
            continue
        value = shown(row["value"]) if row["peer"] else ""
        cells = (
            row["name"],
            _with_unit(row["ours"], row),
            _with_unit(row["theirs"], row),
            value,
            row["goal"] or "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_unit(value: float | None, row: dict[str, Any]) -> str:
    return f"{shown(value)} {row['unit']}".strip() if value is not None else ""


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))
