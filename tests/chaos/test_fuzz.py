"""The short run of the fuzz, and that it sees what it is there to see."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.chaos.bench import offences
from tests.chaos.flaws import Edit, Flaw
from tests.chaos.fuzz import Plan, fuzz, table

pytestmark = pytest.mark.anyio

FLAWS = [
    Flaw(
        "an error that nobody thought of",
        (Edit("web/webhook.py", "except Malformed as error:", "except KeyError as error:"),),
        "answered 5xx",
    ),
    Flaw(
        "the signature is not compared",
        (Edit("signature.py", "if hmac.compare_digest(ours, offered):", "if True:"),),
        "kept without being authentic",
    ),
    Flaw(
        "refusals in words of their own",
        (Edit("web/problems.py", '"status": self.status,', '"code": self.status,'),),
        "refusals that are no problem document",
    ),
    Flaw(
        "the charset is not looked at",
        (Edit("web/body.py", 'charsets - {"utf-8", "utf8"}', "charsets - charsets"),),
        "answered otherwise than the request calls for",
    ),
    Flaw(
        "the answer goes to a sender that has gone",
        (Edit("web/guarded.py", "for cycle in (*self._in_hand, ", "for cycle in (*(), "),),
        "errors in the log",
    ),
]


async def test_a_few_thousand_made_up_requests_are_answered_as_they_must_be(tmp_path: Path) -> None:
    """And leave nothing behind: no connection, no file, no memory."""
    rows = await fuzz(Plan(5000), tmp_path, tell=(console := Console()))

    console.print(table(rows))
    assert offences(rows) == []


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name.replace(" ", "-"))
async def test_the_fuzz_catches_a_planted_flaw(flaw: Flaw, tmp_path: Path) -> None:
    """The figure that stands for it is not zero."""
    flawed = flaw.plant(tmp_path / "flawed")

    rows = await fuzz(Plan(3000), tmp_path, [flawed])

    assert flaw.caught_by in [row.name for row in rows if not row.good]
