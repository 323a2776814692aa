"""Scenes in which something is missing, odd, or was missed."""

from typing import Any

from receiver.api import Status
from receiver.testing.contract import states
from receiver.testing.contract.plain import HEALTHY
from receiver.testing.contract.play import Play
from receiver.testing.contract.suite import Act, Suite

NAMELESS = {"company": {"id": "0f6e7a5e-6d0b-4a53-8f5a-3b3b6c7a9d10"}}


async def play_odd(suite: Suite) -> None:
    """All of them, where the handler does something, or else where it might."""
    acted_upon = dict.fromkeys(each.status for each in suite.situations if each.status != HEALTHY)
    for status in list(acted_upon)[:2] or ["PASSWORD_INCORRECT"]:
        if {status, HEALTHY} <= suite.sound:
            await _missing(suite, status)
            await _missed(suite, status)


async def _missing(suite: Suite, broken: str) -> None:
    make = suite.scenery.states.make

    def both(name: str, **fields: Any) -> Act:
        async def act(play: Play) -> None:
            router = play.router(link=None) if name == "breaks-without-link" else play.router()
            for status in (broken, HEALTHY):
                if not play.expect_well(await router.show(make(status, **fields)), name):
                    return

        return act

    await suite.play(f"{broken} without an owner", both("breaks-without-owner", workflow_owner_email=None))
    await suite.play(f"{broken} without a company", both("breaks-without-company", company=None))
    await suite.play(f"{broken} of a company without a name", both("breaks-without-company", **NAMELESS))
    await suite.play(f"{broken} without a reconnect link", both("breaks-without-link"))
    await suite.play("a status that Nectar has added", _strange(broken, states.UNKNOWN))
    await suite.play("a connection without a status", _strange(broken, ""))
    await suite.play(f"{broken} with only what Nectar always answers", _minimal(suite, broken))
    for told, text in (("odd", states.ODD), ("very long", states.LONG)):
        await suite.play(f"{broken} with {told} texts", _texts(broken, text))


def _strange(broken: str, strange: str) -> Act:
    name = "breaks-on-unknown-status" if strange else "breaks-without-status"

    async def act(play: Play) -> None:
        if not play.expect_well(await play.router().show_state(strange), name):
            return
        router = play.router()
        for status in (broken, strange, HEALTHY):
            if not play.expect_well(await router.show_state(status), name):
                return

    return act


def _minimal(suite: Suite, broken: str) -> Act:
    """What one missing field has told already is not told again."""
    told = ("breaks-without-owner", "breaks-without-company")

    async def act(play: Play) -> None:
        router = play.router()
        for status in (broken, HEALTHY):
            run = await router.show(suite.scenery.states.minimal(status))
            if any(suite.has_found(name) for name in told) or not play.expect_well(run, "breaks-on-minimal"):
                return

    return act


def _texts(broken: str, text: str) -> Act:
    async def act(play: Play) -> None:
        router = play.router()
        for status in (broken, HEALTHY):
            run = await router.show(play.scenery.states.odd(status, text))
            if not play.expect_well(run, "breaks-on-odd-text"):
                return

    return act


async def _missed(suite: Suite, broken: str) -> None:
    other = "MFA_TOKEN_EXPIRED" if broken != "MFA_TOKEN_EXPIRED" else "NEW_PASSWORD_NEEDED"
    await suite.play(f"{broken}, then {other}, with what was between missed", _with_gaps(broken, other))
    for first, then in ((broken, HEALTHY), (HEALTHY, broken), (broken, other)):
        if {first, then} <= suite.sound:
            await suite.play(f"{first}, its memory lost, then {then}", _after_loss(first, then))
            await suite.play(f"{first} handled in part, then {then}", _after_part(first, then))
    await suite.play("a status before that nobody knows", _strange_before(broken))


def _with_gaps(broken: str, other: str) -> Act:
    async def act(play: Play) -> None:
        router = play.router()
        for status, missed in ((broken, 0), (other, 3), (HEALTHY, 2), (broken, 5)):
            run = await router.show(play.scenery.states.make(status), missed=missed)
            if not play.expect_well(run, "assumes-order"):
                return

    return act


def _after_loss(status: str, then: str) -> Act:
    """The handler knows from `previous_status` that it has been here, and remembers nothing of it."""

    async def act(play: Play) -> None:
        router = play.router()
        await router.show_state(status)
        router.memory = {}
        router.steps.finished.clear()
        play.expect_well(await router.show_state(then), "assumes-order")

    return act


def _after_part(status: str, then: str) -> Act:
    """It remembers something, and has never succeeded: memory is kept after a failure, too."""

    async def act(play: Play) -> None:
        router = play.router()
        await router.show_state(status)
        router.handled_status, router.handled_version = None, 0
        play.expect_well(await router.show_state(then), "assumes-order")

    return act


def _strange_before(broken: str) -> Act:
    async def act(play: Play) -> None:
        for status in (broken, HEALTHY):
            router = play.router()
            await router.show_state(HEALTHY)
            router.handled_status = Status(states.UNKNOWN)
            play.expect_well(await router.show_state(status), "assumes-order")

    return act
