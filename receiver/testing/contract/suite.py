"""Plays scenes, keeps what was found, and knows what the handler does where."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from receiver.testing.contract.catalogue import CATALOGUE
from receiver.testing.contract.findings import Finding, Report, Scene
from receiver.testing.contract.play import NeverEndsError, Play, SceneOverError, WatchedRouter
from receiver.testing.contract.scenery import Scenery
from receiver.testing.running import Run

Act: TypeAlias = Callable[[Play], Awaitable[None]]

CONFIRMATIONS = 2
"""A loop that stood still once may have been a busy machine's doing: so often it must do so again."""
MOST_STANDING_STILL = 3.0
"""Seconds that a handler may cost the suite by holding up its loop."""


class StopSuiteError(Exception):
    """What is found so far must be mended before more can be found."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A state to be shown, and what was shown before; the handler does something outside then."""

    before: tuple[str, ...]
    status: str
    effects: tuple[str, ...]
    """What it does, in order: `http`, or the kind of what goes by ctx.outside."""

    def __str__(self) -> str:
        """In words."""
        return ", then ".join([*self.before, self.status])


class Suite:
    """See above."""

    def __init__(self, scenery: Scenery) -> None:
        self.scenery = scenery
        self.scenes: list[Scene] = []
        self.sound: set[str] = set()
        """Statuses that the handler takes well when it sees them first."""
        self.situations: list[Situation] = []
        self._found: dict[str, list[str]] = {}
        self._stood_still = 0.0

    async def play(self, told: str, act: Act) -> Play:
        """Play one scene, and again where only that shows what is so."""
        play = await self._once(told, act)
        if play.blocked_at:
            await self._confirm(play, act)
        went = tuple(run.went for run in play.runs)
        self.scenes.append(Scene(told=told, went=went, findings=tuple(play.found)))
        for name, seen in play.found.items():
            texts = (f"{told}: {self.scenery.leaks.without(each)}" for each in dict.fromkeys(seen))
            self._found.setdefault(name, []).extend(texts)
        if play.over or self._stood_still > MOST_STANDING_STILL:
            raise StopSuiteError
        return play

    async def _once(self, told: str, act: Act) -> Play:
        play = Play(self.scenery, told)
        try:
            await act(play)
        except SceneOverError as error:
            play.over = isinstance(error, NeverEndsError)
        self._stood_still += sum(run.blocked for run in play.runs)
        return play

    async def _confirm(self, play: Play, act: Act) -> None:
        lines = set(play.blocked_at)
        for _ in range(CONFIRMATIONS):
            again = {_function(line) for line in (await self._once(play.told, act)).blocked_at}
            lines = {line for line in lines if _function(line) in again}
        longest = max(run.blocked for run in play.runs)
        for line in sorted(lines):
            play.find("blocks-loop", f"{line}  (for {longest:.1f} s)")

    async def arrive(self, play: Play, situation: Situation, mark: str = "a") -> WatchedRouter:
        """A router that has shown what comes before."""
        router = play.router()
        for status in situation.before:
            await router.show_state(status, mark=mark)
        return router

    def give_up(self, line: str) -> None:
        """The handler holds up the loop for ever, at this line."""
        self._found.setdefault("blocks-loop", []).append(f"the suite was given up: {line}")

    def has_found(self, name: str) -> bool:
        """Whether there is such a finding."""
        return name in self._found

    def report(self) -> Report:
        """All that was found, in the order of the catalogue."""
        findings = tuple(
            Finding(name=name, wrong=entry.wrong, mend=entry.mend, scenes=tuple(self._found[name]))
            for name, entry in CATALOGUE.items()
            if name in self._found
        )
        return Report(handler=self.scenery.handler.name, findings=findings, scenes=tuple(self.scenes))


def does_something(run: Run) -> bool:
    """Whether it reached out and came to an end that is an answer."""
    return bool(run.effects) and run.error is None and not run.died


def _function(line: str) -> tuple[str, str]:
    """The file and function of a line that the watchdog tells: the line itself is now this, now that."""
    place, _, rest = line.partition(" in ")
    return place.partition(":")[0], rest.partition(":")[0]
