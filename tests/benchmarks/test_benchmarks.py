"""The benchmarks themselves: that they run, and say what they should. Their figures are not for tests."""

import json
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.benchmarks.__main__ import judge, parse
from tests.benchmarks.processes import ROOT
from tests.benchmarks.rows import Goal, Row, absolute, percentile, ratio
from tests.benchmarks.table import goals, growth, table

QUICK = ("fetches", "memory", "costs", "startup")
"""Figures that a busy machine can measure too; those under full load then end without one."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run in a hurry writes."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    only = [part for figure in QUICK for part in ("--only", figure)]
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", *only, "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_every_figure_is_measured(report: dict[str, Any]) -> None:
    """What was counted was seen to be true, or the run would have ended with 1."""
    assert {row["figure"] for row in report["rows"]} == set(QUICK)
    assert all(row["value"] is not None for row in report["rows"])


def test_every_goal_has_a_verdict(report: dict[str, Any]) -> None:
    """Goals are written as one would say them."""
    goals = [row for row in report["rows"] if row["goal"]]

    assert {row["figure"] for row in goals} == {"fetches", "memory"}
    assert all(row["goal"].startswith("at ") and isinstance(row["met"], bool) for row in goals)


def test_a_report_becomes_tables_for_the_readme(report: dict[str, Any], tmp_path: Path) -> None:
    """Each figure is in one of them, once."""
    (file := tmp_path / "figures.json").write_text(json.dumps(report))
    command = [sys.executable, "-m", "tests.benchmarks.table", str(file)]
    written = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert written.startswith(f"Python {report['python']}, ")
    for row in report["rows"]:
        assert written.count(f"| {row['name']} |") == 1
    for table_lines in written.split("\n\n")[1:]:
        assert len({line.count("|") for line in table_lines.splitlines()}) == 1


def test_what_depends_on_the_events_kept_has_a_column_for_each_number() -> None:
    """A ratio has a line of its own."""
    rows = [
        replace(ratio("growth", "accepted", "req/s", [rate], "an empty journal", [8000]), kept=kept)
        for kept, rate in ((0, 8000), (1_000_000, 6000))
    ]

    assert list(growth({"rows": [row.as_json() for row in rows]})) == [
        "| with so many events kept | 0 | 1,000,000 |",
        "|---|---|---|",
        "| accepted | 8,000 req/s | 6,000 req/s |",
        "| accepted, over an empty journal | 1.00 | 0.75 |",
    ]


def test_the_readme_says_what_is_missed_and_what_was_not_measured() -> None:
    """A table without these would read as if all were well."""
    rows = [
        absolute("idle", "early", "ms", [7.0], Goal(8, at_least=False)),
        absolute("idle", "late", "ms", [9.0], Goal(8, at_least=False)),
        Row("deliveries", "over BullMQ", "/s", goal=Goal(1), note="node and npm are not there"),
    ]
    _, _, *lines = goals({"rows": [row.as_json() for row in rows], "unmeasured": ["death"]})

    assert lines == [
        "| early | 7.00 ms |  |  | at most 8 | met |",
        "| late | 9.00 ms |  |  | at most 8 | **missed** |",
        "| over BullMQ |  |  |  | at least 1 | not measured: node and npm are not there |",
        "| death |  |  |  |  | **not measured** |",
    ]


@pytest.mark.parametrize("more", ["--only=idle", "--quick", "--json=elsewhere"])
def test_the_readme_shows_whole_runs_only(more: str) -> None:
    """Not the best of several, put together."""
    with pytest.raises(SystemExit) as ended:
        parse(["--readme", more])
    assert ended.value.code == 2


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    """Not the ratio of the medians: what disturbs a round disturbs both who are measured in it."""
    row = ratio("accept", "", "req/s", [100, 10, 200], "a peer", [50, 5, 800])

    assert (row.value, row.ours, row.theirs) == (2, 100, 50)


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (Goal(0.5), 0.5, True),
        (Goal(0.5), 0.49, False),
        (Goal(3, at_least=False), 3, True),
        (Goal(3, at_least=False), 3.1, False),
    ],
)
def test_a_goal_is_met_or_missed(goal: Goal, value: float, met: bool) -> None:
    """The limit itself is good enough."""
    assert absolute("idle", "", "ms", [value], goal).met is met


def test_a_missed_goal_is_red_and_ends_a_checked_run_with_1() -> None:
    """Without --check it is only shown."""
    rows = [absolute("idle", "late", "ms", [9.0], Goal(8, at_least=False))]
    console = Console(record=True, force_terminal=True, width=150, file=StringIO())
    console.print(table(row.as_json() for row in rows))

    assert "\x1b[31m" in console.export_text(styles=True)
    assert (judge([rows], check=True), judge([rows], check=False)) == (1, 0)


def test_what_could_not_be_measured_ends_the_run_with_1() -> None:
    """A figure that is missing must not pass for one that is met."""
    assert judge([None], check=False) == 1


def test_a_peer_that_is_not_installed_misses_no_goal() -> None:
    """It is named, and has no value."""
    row = Row("deliveries", "over BullMQ", "/s", goal=Goal(1), note="node and npm are not there")

    assert judge([[row]], check=True) == 0


def test_a_percentile_is_one_of_the_sample() -> None:
    """The 99th of a hundred is the last but one; that of few is the slowest."""
    assert percentile(list(range(100)), 99) == 99
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([3, 1, 2], 99) == 3
