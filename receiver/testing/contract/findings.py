"""What the contract suite finds, as data and for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import fill, indent

WIDTH = 100
MOST_SCENES_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a handler does and should not."""

    name: str
    """Short and stable: `not-idempotent`."""
    wrong: str
    """What is wrong, in plain words."""
    scenes: tuple[str, ...]
    """Where it was seen, and what was seen there."""
    mend: str
    """How to mend it, with the lines that do where that helps."""

    def __str__(self) -> str:
        """All of it, for people."""
        seen = "\n".join(f"- {scene}" for scene in self.scenes[:MOST_SCENES_TOLD])
        more = len(self.scenes) - MOST_SCENES_TOLD
        seen += f"\n- and in {more} more" if more > 0 else ""
        body = f"{fill(self.wrong, WIDTH)}\nSeen:\n{seen}\nTo mend it:\n{self.mend}"
        return f"{self.name}\n{indent(body, '   ')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One situation that the handler was put in."""

    told: str
    """What happens there, in a few words."""
    went: tuple[str, ...]
    """How each attempt went, in the router's words."""
    findings: tuple[str, ...] = ()
    """Names of what was found there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the suite has to say about a handler."""

    handler: str
    findings: tuple[Finding, ...]
    scenes: tuple[Scene, ...]

    def without(self, names: Iterable[str]) -> "Report":
        """The same without the findings of these names."""
        left = tuple(finding for finding in self.findings if finding.name not in set(names))
        return Report(handler=self.handler, findings=left, scenes=self.scenes)

    def __str__(self) -> str:
        """Every finding, for people."""
        count = len(self.findings)
        if not count:
            return f"{self.handler} keeps the handler contract in {len(self.scenes)} scenes"
        ways = "one way" if count == 1 else f"{count} ways"
        told = "\n\n".join(f"{number}. {finding}" for number, finding in enumerate(self.findings, 1))
        played = f"scenes played: {len(self.scenes)}"
        return f"{self.handler} breaks the handler contract in {ways} ({played})\n\n{told}"


class ContractError(AssertionError):
    """A handler breaks the contract; the text lists every finding. `report` has them as data."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report
