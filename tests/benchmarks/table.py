"""The figures for people: in the terminal, and for the README by `python -m tests.benchmarks.table FILE`."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"
"""The run that the README shows."""
VERDICTS = {True: "[green]met[/]", False: "[bold red]missed[/]", None: ""}
WRITTEN = {True: "met", False: "**missed**", None: ""}
Json = dict[str, Any]


def table(rows: Iterable[Json], title: str = "") -> Table:
    """What is red is below its goal."""
    made = Table(title=title or None)
    for column in ("figure", "", "ours", "theirs", "value", "goal", "", "note"):
        made.add_column(column, justify="right" if column in ("ours", "theirs", "value") else "left")
    for row in rows:
        color = "red" if row["met"] is False else ""
        cells = (
            row["figure"],
            named(row),
            *_figures(row),
            row["goal"] or "",
            VERDICTS[row["met"]],
            row["note"],
        )
        made.add_row(*cells, style=color)
    return made


def named(row: Json) -> str:
    """What the row is about, and with how many events kept."""
    if row["kept"] is None:
        return str(row["name"])
    over = f", over {row['peer']}" if row["peer"] else ""
    return f"{row['name']}, {row['kept']:,} events kept{over}"


def shown(value: float | None) -> str:
    """A number with as many digits as say something."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _figures(row: Json) -> tuple[str, str, str]:
    """Ours, theirs, and the ratio of the two."""
    value = shown(row["value"]) if row["peer"] else ""
    return _with_unit(row["ours"], row), _with_unit(row["theirs"], row), value


def _with_unit(value: float | None, row: Json) -> str:
    return f"{shown(value)} {row['unit']}".strip() if value is not None else ""


def machine(report: Json) -> Iterator[str]:
    """What the figures depend on, in a line."""
    cores = "one core" if report["cores"] == 1 else f"{report['cores']} cores"
    rounds = "one round" if report["rounds"] == 1 else f"medians of {report['rounds']} rounds"
    before = f"load average before the run {report['load']:.2f}"
    how = f"{rounds} of {report['seconds']:g} s"
    yield f"Python {report['python']}, {report['redis']}, {cores}, {before}; {how}."


def goals(report: Json) -> Iterator[str]:
    """All that is held to a goal or compared with somebody; what is missed says so."""
    yield "| figure | ours | theirs | ratio | goal | |"
    yield "|---|---|---|---|---|---|"
    for row in report["rows"]:
        if row["goal"] or (row["peer"] and row["kept"] is None):
            verdict = WRITTEN[row["met"]] if row["value"] is not None else f"not measured: {row['note']}"
            yield _line(named(row), *_figures(row), row["goal"] or "", verdict)
    for name in report["unmeasured"]:
        yield _line(name, "", "", "", "", "**not measured**")


def growth(report: Json) -> Iterator[str]:
    """What depends on how many events are kept: a column for each number of them."""
    rows = [row for row in report["rows"] if row["kept"] is not None]
    sizes = sorted({row["kept"] for row in rows})
    yield _line("with so many events kept", *(f"{size:,}" for size in sizes))
    yield "|---|" + "---|" * len(sizes)
    for name in dict.fromkeys(row["name"] for row in rows):
        of_name = {row["kept"]: row for row in rows if row["name"] == name}
        yield _line(name, *(_with_unit(of_name[size]["ours"], of_name[size]) for size in sizes))
        if any(row["peer"] for row in of_name.values()):
            peer = of_name[sizes[0]]["peer"]
            yield _line(f"{name}, over {peer}", *(shown(of_name[size]["value"]) for size in sizes))


def costs(report: Json) -> Iterator[str]:
    """All the rest: what things take."""
    yield "| figure | |"
    yield "|---|---|"
    for row in report["rows"]:
        if row["kept"] is None and not row["goal"] and not row["peer"]:
            note = f" ({row['note']})" if row["note"] else ""
            yield _line(row["name"], _figures(row)[0] + note)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


TABLES = {"machine": machine, "goals": goals, "growth": growth, "costs": costs}


def read(file: Path = RESULTS) -> Json:
    """A report that `--json` or `--readme` has written."""
    found: Json = json.loads(file.read_text())
    return found


if __name__ == "__main__":
    written = read(Path(sys.argv[1]))
    print("\n\n".join("\n".join(lines(written)) for lines in TABLES.values()))
