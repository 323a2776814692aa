"""Scenes in which something happens twice: a version shown again, and a process that dies in the middle."""

from receiver.rehearsal import Effect
from receiver.testing.contract.play import Play
from receiver.testing.contract.recognising import Pair, creates, named, pairs, repeated, same_place
from receiver.testing.contract.suite import Act, Situation, Suite
from receiver.testing.running import Run
from receiver.testing.target import SentRequest

MOST_EFFECTS = 8
"""Effects of one attempt that are each made the last."""


async def play_repeats(suite: Suite) -> None:
    """Each situation twice, and each with a death after each effect."""
    for situation in suite.situations:
        await suite.play(f"{situation}, and that once more", _once_more(suite, situation))
        for effect in range(1, len(situation.effects[:MOST_EFFECTS]) + 1):
            told = f"{situation}; the process dies after effect {effect}, and another takes over"
            await suite.play(told, _dies_after(suite, situation, effect))


def _once_more(suite: Suite, situation: Situation) -> Act:
    async def act(play: Play) -> None:
        router = await suite.arrive(play, situation)
        first = await router.show_state(situation.status)
        if not first.ended_well:
            return
        again = await router.show_again()
        play.expect_done(again, "runs-again")
        if twice := await _sent_twice(suite, situation, first, again):
            play.find("runs-again", f"sent again, with no key that is the same: {named(twice)}")
        if outside := _done_twice(first, again):
            play.find("runs-again", f"done again by ctx.outside: {outside.kind}")

    return act


def _dies_after(suite: Suite, situation: Situation, effect: int) -> Act:
    async def act(play: Play) -> None:
        router = await suite.arrive(play, situation)
        router.http.die_after(effect)
        first = await router.show_state(situation.status)
        if not first.died:
            return
        within = router.in_a_step
        router.http.recover()
        again = await router.show_again()
        play.expect_done(again, "does-not-recover")
        await judge_second(suite, play, situation, first, again, within=within)

    return act


async def judge_second(
    suite: Suite, play: Play, situation: Situation, first: Run, again: Run, *, within: bool
) -> None:
    """Say what is wrong when the attempt after one that broke off does again what that one did.

    `within`: it broke off in a step of ctx.once, whose effect is bound to be repeated.
    """
    if twice := await _sent_twice(suite, situation, first, again):
        last = [request for request in first.requests if creates(request)][-1:]
        excused = within and len(twice) == 1 and same_place(twice[0], last[0])
        name = "unrecognisable" if excused else "not-idempotent"
        play.find(name, f"sent twice, with no key that is the same: {named(twice)}")
    if outside := _done_twice(first, again):
        play.find("not-idempotent", f"done twice by ctx.outside: {outside.kind}")


async def _sent_twice(suite: Suite, situation: Situation, first: Run, again: Run) -> list[SentRequest]:
    """Requests that were sent again, and that the target cannot recognise."""
    key = again.idempotency_key
    if not repeated(first.requests, again.requests, key, lambda _: False):
        return []  # by far the most: each bears `ctx.idempotency_key`
    others = await _pairs_of_another(suite, situation)
    return repeated(first.requests, again.requests, key, lambda pair: pair not in others)


async def _pairs_of_another(suite: Suite, situation: Situation) -> set[Pair]:
    """What is said of another connection in the same situation: what names neither."""
    play = Play(suite.scenery, "")
    router = await suite.arrive(play, situation, "b")
    run = await router.show_state(situation.status, mark="b")
    return {pair for request in run.requests for pair in pairs(request)}


def _done_twice(first: Run, again: Run) -> Effect | None:
    """What went by ctx.outside twice.

    The last effect of an attempt that broke off cannot have been recorded: to do just that once more is what
    "at least once" means.
    """
    excused = [] if first.ended_well else list(first.effects[-1:])
    done = [effect for effect in first.effects if effect.kind != "http"]
    for effect in again.effects:
        if effect in excused and effect in done:
            excused.remove(effect)
            done.remove(effect)
        elif any(each.kind == effect.kind for each in done):
            return effect
    return None
