"""The bench sees what it is there to see: each flaw that receivers have, planted into a copy of the code."""

from pathlib import Path

import pytest

from tests.chaos.bench import Plan, offences, run
from tests.chaos.flaws import FLAWS, Flaw
from tests.chaos.load import Shares

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name.replace(" ", "-"))
async def test_the_bench_catches_a_planted_flaw(flaw: Flaw, tmp_path: Path) -> None:
    """The figure that stands for it is not zero."""
    flawed = flaw.plant(tmp_path / "flawed")

    rows = await run(flaw.plan, tmp_path / "house", [flawed])

    caught = [row.name for row in rows if not row.good]
    assert flaw.caught_by in caught


async def test_a_copy_without_a_flaw_passes(tmp_path: Path) -> None:
    """It is the flaw that is caught, and not that the code is a copy."""
    copy = Flaw("none", (), "").plant(tmp_path / "copy")
    plan = Plan(faults=(), seconds=2, connections=40, shares=Shares(at_once=0.5, intruders=0.5))

    rows = await run(plan, tmp_path / "house", [copy])

    assert offences(rows) == []
