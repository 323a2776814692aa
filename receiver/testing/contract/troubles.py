"""Scenes in which the target is in trouble: at each request in turn, in each way."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

from receiver.testing.contract.play import Play, WatchedRouter
from receiver.testing.contract.recognising import named, same_place
from receiver.testing.contract.repeats import MOST_EFFECTS, judge_second
from receiver.testing.contract.suite import Act, Situation, Suite
from receiver.testing.running import Run
from receiver.testing.target import FakeHTTP, SentRequest

RETRY_AFTER = 120
HANGING = 1.0
"""Seconds, by the suite's clock, that a handler has whose target never answers."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way in which a request fails."""

    told: str
    begin: Callable[[FakeHTTP, int], None]
    """Let it befall the target after so many effects."""
    parks: bool = False
    """The target refuses us: the handler is to wait until it does not."""
    asks: bool = False
    """It says when to come again."""
    outside: bool = False
    """It can befall what goes by ctx.outside, too."""


def _status(code: int, **headers: str) -> Callable[[FakeHTTP, int], None]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda http, after: http.fail_with(code, headers=named, times=1, after=after)


def _date() -> str:
    return formatdate(time.time() + RETRY_AFTER, usegmt=True)


def kinds() -> list[Kind]:
    """All of them."""
    return [
        Kind("is answered 500", _status(500)),
        Kind("is answered 503", _status(503)),
        Kind(
            "is answered 429, Retry-After in seconds", _status(429, retry_after=str(RETRY_AFTER)), asks=True
        ),
        Kind("is answered 429, Retry-After as a date", _status(429, retry_after=_date()), asks=True),
        Kind("is answered 401", _status(401), parks=True, outside=True),
        Kind("is answered 403", _status(403), parks=True),
        Kind("times out", lambda http, after: http.time_out(times=1, after=after), outside=True),
        Kind(
            "is refused the connection", lambda http, after: http.refuse(times=1, after=after), outside=True
        ),
    ]


async def play_troubles(suite: Suite) -> None:
    """Each situation with each kind of trouble at each effect, and without any answer."""
    for situation in suite.situations:
        for number, effect in enumerate(situation.effects[:MOST_EFFECTS], 1):
            for kind in kinds() if effect == "http" else (each for each in kinds() if each.outside):
                told = f"{situation}; effect {number} {kind.told}"
                await suite.play(told, _in_trouble(suite, situation, number, kind))
            told = f"{situation}; effect {number} is never answered"
            await suite.play(told, _hanging(suite, situation, number))


def _in_trouble(suite: Suite, situation: Situation, number: int, kind: Kind) -> Act:
    async def act(play: Play) -> None:
        router = await suite.arrive(play, situation)
        kind.begin(router.http, number - 1)
        first = await router.show_state(situation.status)
        failed = [request for request in first.requests if _failed(request)]
        befallen = bool(failed) or situation.effects[number - 1] != "http"
        if not befallen or (failed and _tried_itself(failed[0], first)):
            return
        if not _judge(play, first, kind, failed):
            return
        await _recover(suite, play, situation, router, failed)

    return act


def _hanging(suite: Suite, situation: Situation, number: int) -> Act:
    async def act(play: Play) -> None:
        router = await suite.arrive(play, situation)
        router.http.hang(after=number - 1)
        first = await router.show(play.scenery.states.make(situation.status), timeout=HANGING)
        if first.ended_well:
            return  # it was cancelled, which has been looked at, or had a time-out of its own
        await _recover(suite, play, situation, router, [])

    return act


def _judge(play: Play, run: Run, kind: Kind, failed: list[SentRequest]) -> bool:
    """Say what is wrong with how the handler took it; whether it is worth while to go on."""
    what = f"{failed[0].method} {failed[0].path}" if failed else "what went by ctx.outside"
    if run.ended_well:
        play.find("swallows-errors", f"{what} failed, and it answered {run.outcome!r}")
        return False
    if run.went == "reject" and run.error is None:
        play.find("gives-up", f"{what} failed, and it answered {run.outcome!r}")
    elif run.error is not None and not _shows(run, kind):
        play.find("hides-errors", f"{what} failed, and it {play.scenery.raised(run)}")
    return True


def _shows(run: Run, kind: Kind) -> bool:
    """Whether the router can tell from what was raised what the trouble is."""
    assert run.setback is not None
    if kind.parks:
        return run.setback.reaction == "park"
    return run.setback.down and (run.setback.asked or not kind.asks)


async def _recover(
    suite: Suite, play: Play, situation: Situation, router: WatchedRouter, failed: list[SentRequest]
) -> None:
    """The target is well again, and there is another attempt."""
    first, within = router.runs[-1], router.in_a_step
    router.http.recover()
    again = await router.show_again()
    play.expect_done(again, "does-not-recover")
    await judge_second(suite, play, situation, first, again, within=within)
    lost = [each for each in failed if each.method not in ("GET", "HEAD") and not each.taken]
    if again.ended_well and lost and not any(same_place(lost[0], each) for each in again.requests):
        play.find("forgets-what-failed", f"it failed, and was not sent again: {named(lost[:1])}")


def _failed(request: SentRequest) -> bool:
    return request.status is None or request.status in (401, 403, 429) or request.status >= 500


def _tried_itself(failed: SentRequest, run: Run) -> bool:
    """Whether the handler sent it again at once, and came through."""
    later = run.requests[run.requests.index(failed) + 1 :]
    return any(same_place(failed, each) and each.taken for each in later)
