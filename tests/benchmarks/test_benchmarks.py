"""The benchmarks themselves: that they run, and say what they should. Their figures are not for tests."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.benchmarks.__main__ import judge
from tests.benchmarks.processes import ROOT
from tests.benchmarks.rows import Goal, Row, absolute, percentile, ratio
from tests.benchmarks.table import markdown, table

QUICK = ("fetches", "memory", "startup")
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

    assert {row["figure"] for row in goals} == set(QUICK) - {"startup"}
    assert all(row["goal"].startswith("at ") and isinstance(row["met"], bool) for row in goals)


def test_a_report_becomes_a_table_for_the_readme(report: dict[str, Any], tmp_path: Path) -> None:
    """One line for each figure."""
    (file := tmp_path / "figures.json").write_text(json.dumps(report))
    command = [sys.executable, "-m", "tests.benchmarks.table", str(file)]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()

    assert lines[:2] == ["| figure | ours | theirs | ratio | goal |", "|---|---|---|---|---|"]
    assert len(lines) == 2 + len(report["rows"])
    assert {line.count("|") for line in lines} == {6}


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
    row = Row("deliveries", "over BullMQ", "/s", goal=Goal(1), note="skipped: node is not there")

    assert judge([[row]], check=True) == 0
    assert "skipped" not in markdown({"rows": [row.as_json()]})


def test_a_percentile_is_one_of_the_sample() -> None:
    """The 99th of a hundred is the last but one; that of few is the slowest."""
    assert percentile(list(range(100)), 99) == 99
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([3, 1, 2], 99) == 3
