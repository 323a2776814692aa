"""What a measurement comes to: one row for each figure, with its goal and whether that is met."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


class Untrue(RuntimeError):  # noqa: N818 - says what the figure would have been
    """What was counted is not what lies in Redis: there is no figure."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a value is held to."""

    limit: float
    at_least: bool = True
    """Else at most."""

    def met(self, value: float) -> bool:
        """Whether the value reaches it."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: medians over the rounds."""

    figure: str
    name: str
    unit: str
    ours: float | None = None
    peer: str = ""
    """What it is compared with."""
    theirs: float | None = None
    value: float | None = None
    """What the goal is about: the ratio to the peer, ours where there is none. None: it was not measured."""
    goal: Goal | None = None
    note: str = ""
    rounds: tuple[float, ...] = ()
    """The value of each round."""
    kept: int | None = None
    """Events in the journal when it was measured, where it depends on that."""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is no goal, or no value."""
        return None if self.goal is None or self.value is None else self.goal.met(self.value)

    def as_json(self) -> dict[str, Any]:
        """The row as JSON values."""
        return {**asdict(self), "goal": str(self.goal) if self.goal else None, "met": self.met}


def ratio(
    figure: str,
    name: str,
    unit: str,
    ours: Sequence[float],
    peer: str,
    theirs: Sequence[float],
    goal: Goal | None = None,
    note: str = "",
) -> Row:
    """Ours over theirs: the median of the rounds' ratios, since what disturbs a round disturbs both."""
    rounds = tuple(mine / other for mine, other in zip(ours, theirs, strict=True))
    return Row(figure, name, unit, median(ours), peer, median(theirs), median(rounds), goal, note, rounds)


def absolute(
    figure: str, name: str, unit: str, ours: Sequence[float], goal: Goal | None = None, note: str = ""
) -> Row:
    """A figure that stands alone."""
    middle = median(ours)
    return Row(figure, name, unit, middle, value=middle, goal=goal, note=note, rounds=tuple(ours))


def percentile(sample: Sequence[float], share: float) -> float:
    """The value that `share` percent of the sample do not exceed."""
    ordered = sorted(sample)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]
