"""A page of documentation as tests read it: its code blocks, and what each command is shown to print."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ELLIPSIS = "..."
"""A line of its own in what a command prints: any lines."""
VARYING = (
    (re.compile(r"\b\d\d:\d\d:\d\d\.\d{3}\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "KEY"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{8}(?= v\d)"), "ID"),
    (re.compile(r"\b[\d.,]+ ?(ms|s)\b"), r"N \1"),
    (re.compile(r" {2,}"), "  "),
)
"""What differs each time, and what stands for it."""


@dataclass(frozen=True)
class Block:
    """A code block."""

    language: str
    text: str
    line: int
    """Where it begins."""

    @property
    def file(self) -> str:
        """The file that it is, if its first line is a comment that says so."""
        named = re.match(r"# (\S+\.\w+)\n", self.text)
        return named[1] if named else ""


@dataclass(frozen=True)
class Command:
    """What is typed, and the lines that are shown to come of it."""

    typed: str
    shown: list[str]


def blocks(page: Path) -> list[Block]:
    """All code blocks, in order."""
    text = page.read_text()
    return [Block(each[1], each[2], text.count("\n", 0, each.start()) + 1) for each in FENCE.finditer(text)]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block: each line with a `$` begins one."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        typed, *shown = part.splitlines()
        yield Command(typed, shown)


def edited(code: str, block: Block) -> str:
    """The code as a diff block has it: each line that is taken away is there once."""
    lines = block.text.splitlines()
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        assert (old[0], new[0]) == ("-", "+"), f"line {block.line}: {old}"
        assert code.count(f"{old[1:]}\n") == 1, f"line {block.line}: {old}"
        code = code.replace(old[1:], new[1:])
    return code


def normalised(line: str) -> str:
    """The line without what differs each time."""
    for pattern, word in VARYING:
        line = pattern.sub(word, line)
    return line.strip()


def fits(shown: list[str], printed: list[str]) -> bool:
    """Whether what was printed is what is shown, its `...` standing for any lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == ELLIPSIS else _escaped(line) for line in shown)
    return re.fullmatch(pattern, "".join(f"{normalised(line)}\n" for line in printed)) is not None


def _escaped(line: str) -> str:
    return re.escape(f"{normalised(line)}\n")
