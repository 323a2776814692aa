"""What the commands print, and how."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `--help` is to be quick
    from rich.console import Console

PIPE_WIDTH = 120
"""Columns where there is no terminal to ask: enough to wrap nothing of ours."""


class Failed(Exception):  # noqa: N818 - it says what happened, and ends the program with exit code 1
    """The command cannot do what it was asked to. The text is for the user."""


def console() -> "Console":
    """Standard output, with colors where it is a terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, highlight=False, emoji=False)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


class Verdict(StrEnum):
    """How something was found."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was looked at."""

    subject: str
    verdict: Verdict
    detail: str
    advice: str = ""
    """What to do about it."""


def is_good(findings: Iterable[Finding]) -> bool:
    """Whether nothing failed."""
    return all(finding.verdict is not Verdict.FAILED for finding in findings)


def print_findings(findings: Sequence[Finding]) -> None:
    """A line each, and below it the advice."""
    from rich.text import Text

    out = console()
    width = max((len(finding.subject) for finding in findings), default=0)
    for finding in findings:
        line = Text.assemble(
            (f"{finding.verdict:<9}", STYLES[finding.verdict]),
            f"{finding.subject:<{width}}  {finding.detail}",
        )
        out.print(line, soft_wrap=True)
        if finding.advice:
            out.print(Text(f"{'':<{9 + width}}  {finding.advice}", style="dim"), soft_wrap=True)


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings as a JSON document."""
    return {"ok": is_good(findings), "checks": [asdict(finding) for finding in findings]}
