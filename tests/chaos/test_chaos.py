"""The short run of the fault bench: every fault in turn, and nothing that was acknowledged is lost."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.chaos.bench import Plan, offences, run, table

pytestmark = pytest.mark.anyio


async def test_promises_1_to_10_hold_while_everything_around_fails(tmp_path: Path) -> None:
    """Web, workers, Redis, the line between, Nectar, handlers and clocks: about two minutes of trouble."""
    rows = await run(Plan(), tmp_path, tell=(console := Console()))

    console.print(table(rows))
    assert offences(rows) == []
