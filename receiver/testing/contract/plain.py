"""Scenes in which nothing is wrong: every status at first sight, and from healthy to broken and back."""

from collections.abc import Iterator

import httpx

from receiver.api import Status
from receiver.testing.contract.play import Play
from receiver.testing.contract.suite import Act, Situation, StopSuiteError, Suite, does_something
from receiver.testing.running import Run

HEALTHY = str(Status.CONNECTED)
STATUSES = [str(Status.PASSWORD_INCORRECT), *(str(each) for each in Status if each != "PASSWORD_INCORRECT")]
"""The likeliest to be acted upon first: what is wrong is best told where it is least special."""
MOST_SITUATIONS = 5
EXPLAINED = {"forgets-to-await", "keeps-what-is-not-json"}
"""What says by itself why the handler failed."""


async def play_plain(suite: Suite) -> None:
    """Find out what the handler does where. Raises StopSuiteError when it cannot do anything."""
    seen: dict[tuple[str, ...], Run] = {}
    for status in STATUSES:
        play = await suite.play(f"{status} at first sight", _show(status))
        if play.runs:
            seen[(status,)] = play.runs[-1]
        if play.runs and play.runs[-1].error is None:
            suite.sound.add(status)
        else:
            await _explain(suite, play, status)
    for status in STATUSES:
        if {status, HEALTHY} <= suite.sound and status != HEALTHY:
            play = await suite.play(
                f"{HEALTHY}, then {status}, then {HEALTHY}", _show(HEALTHY, status, HEALTHY)
            )
            shown = [(HEALTHY,), (HEALTHY, status), (HEALTHY, status, HEALTHY)]
            seen |= dict(zip(shown, play.runs, strict=False))
    suite.situations = _situations(seen)


def _show(*statuses: str) -> Act:
    async def act(play: Play) -> None:
        router = play.router()
        for number, status in enumerate(statuses):
            run = await router.show_state(status)
            # At first sight it is for `_explain` to say what is wrong.
            if number and not play.expect_well(run):
                return

    return act


async def _explain(suite: Suite, failed: Play, status: str) -> None:
    """Say what is wrong with a handler that fails at a status at first sight."""
    if "goes-around-context" in failed.found:
        raise StopSuiteError
    if not failed.runs or EXPLAINED & failed.found.keys():
        return
    run = failed.runs[-1]
    if suite.scenery.generic and run.requests and not isinstance(run.error, httpx.HTTPError):
        await suite.play(f"{status} with made-up answers", _blame("needs-stand-in", status))
        raise StopSuiteError
    name = "assumes-order" if await _works_later(suite, status) else "fails"
    await suite.play(f"{status} with nothing before", _blame(name, status))


async def _works_later(suite: Suite, status: str) -> bool:
    """Whether the handler takes the status well when it has seen others."""
    for before in ("PASSWORD_INCORRECT", HEALTHY):
        play = Play(suite.scenery, "")
        await _show_quietly(play, before, status)
        if len(play.runs) > 1 and play.runs[0].error is None and play.runs[-1].error is None:
            return True
    return False


async def _show_quietly(play: Play, *statuses: str) -> None:
    router = play.router()
    for status in statuses:
        await router.show_state(status)


def _blame(name: str, status: str) -> Act:
    async def act(play: Play) -> None:
        play.expect_well(await play.router().show_state(status), name)

    return act


def _situations(seen: dict[tuple[str, ...], Run]) -> list[Situation]:
    """Where the handler does something outside: of those in which it does the same, the first."""
    found: dict[object, Situation] = {}
    for shown, run in seen.items():
        if does_something(run):
            situation = Situation(shown[:-1], shown[-1], tuple(effect.kind for effect in run.effects))
            found.setdefault((shown[-1] == HEALTHY, *_shape(run)), situation)
    return list(found.values())[:MOST_SITUATIONS]


def _shape(run: Run) -> Iterator[object]:
    """What it does, without what differs from one connection to another."""
    for effect in run.effects:
        yield effect.kind, effect.what.get("method"), *sorted(effect.what)
    for request in run.requests:
        body = request.json
        yield len(request.path.split("/")), tuple(sorted(body)) if isinstance(body, dict) else None
