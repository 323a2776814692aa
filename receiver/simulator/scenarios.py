"""Stories to play: what happens to one or more connections, step by step, as data."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from receiver.simulator import catalogue
from receiver.simulator.catalogue import Json, UnknownNameError
from receiver.simulator.payloads import UPDATED
from receiver.simulator.sender import Message

if TYPE_CHECKING:  # a simulator plays scenarios when its control endpoint is asked to
    from receiver.simulator.simulator import Simulator


@dataclass(frozen=True)
class Step:
    """One thing that happens. The first step of a connection makes it and says `connection.created.v2`."""

    pause: float = 0
    """Seconds before it. Steps without a pause go out together with the one before them."""
    connection: str = "the connection"
    """Which one, by a name that only the scenario knows."""
    fixture: str = ""
    """The situation to come into; empty: stay in the present one."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    event_type: str | None = None
    """The one event to send; None: those that Nectar would."""


@dataclass(frozen=True)
class Scenario:
    """A story, and what it is good for."""

    name: str
    about: str
    steps: tuple[Step, ...]


Told = Callable[[Step, list[Message]], None]


def burst(connections: int = 10, changes: int = 10) -> Scenario:
    """Many connections that change many times, all at once."""
    labels = [f"connection {number}" for number in range(1, connections + 1)]
    made = [Step(connection=label, fixture="connected") for label in labels]
    changed = [
        Step(connection=label, fields={"statusErrorDetail": f"check {number}"}, event_type=UPDATED)
        for number in range(1, changes + 1)
        for label in labels
    ]
    about = f"{connections} connections change {changes} times each, all at once"
    return Scenario("burst", about, (*made, *changed))


def _flapping(times: int) -> tuple[Step, ...]:
    there_and_back = (Step(1, fixture="website-down"), Step(1, fixture="connected"))
    return (Step(fixture="connected"), *there_and_back * times)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "reconnect",
            "a new connection works, its password expires, and its owner mends it",
            (
                Step(fixture="created"),
                Step(2, fixture="connected"),
                Step(2, fixture="password-incorrect"),
                Step(5, fixture="connected"),
            ),
        ),
        Scenario(
            "mfa",
            "a second factor is asked for, then a security question, then data flows again",
            (
                Step(fixture="connected"),
                Step(2, fixture="mfa-token-expired"),
                Step(5, fixture="additional-credentials-needed"),
                Step(5, fixture="connected"),
            ),
        ),
        Scenario("flapping", "a site goes down and comes back five times", _flapping(5)),
        Scenario(
            "outage",
            "three connections lose the same site at once, and find it again",
            (
                *(Step(connection=label, fixture="connected") for label in ("a", "b", "c")),
                Step(2, connection="a", fixture="website-down"),
                *(Step(connection=label, fixture="website-down") for label in ("b", "c")),
                Step(5, connection="a", fixture="connected"),
                *(Step(connection=label, fixture="connected") for label in ("b", "c")),
            ),
        ),
        burst(),
    )
}


def find(name: str) -> Scenario:
    """The scenario of that name. Raises UnknownNameError."""
    if name not in SCENARIOS:
        raise UnknownNameError("scenario", name, tuple(SCENARIOS))
    return SCENARIOS[name]


async def play(
    simulator: "Simulator", scenario: Scenario, *, speed: float = 1.0, told: Told | None = None
) -> list[Message]:
    """Let it happen, `speed` times as fast. `told` hears of each step once its webhooks were first tried."""
    cast: dict[str, str] = {}
    sent: list[Message] = []
    for together in _scenes(scenario.steps):
        await asyncio.sleep(together[0].pause / speed)
        # Tasks start in the order given, and a step changes its connection before it first waits.
        played = await asyncio.gather(*(_act(simulator, cast, step) for step in together))
        for step, messages in zip(together, played, strict=True):
            sent += messages
            if told is not None:
                told(step, messages)
    return sent


def _scenes(steps: tuple[Step, ...]) -> Iterator[list[Step]]:
    scene: list[Step] = []
    for step in steps:
        if step.pause and scene:
            yield scene
            scene = []
        scene.append(step)
    if scene:
        yield scene


async def _act(simulator: "Simulator", cast: dict[str, str], step: Step) -> list[Message]:
    if step.connection not in cast:
        cast[step.connection] = simulator.add(step.fixture or "created", **step.fields)
        return await simulator.announce(cast[step.connection])
    connection_id = cast[step.connection]
    fields = situation(step.fixture, simulator.connections[connection_id]) if step.fixture else {}
    return await simulator.change(connection_id, step.event_type, **{**fields, **step.fields})


def situation(fixture: str, connection: Json) -> Json:
    """The fields that bring a connection into a fixture's situation; whose it is stays.

    Accounts are found once: those that the connection has stay too. Raises UnknownNameError.
    """
    example = catalogue.connection(fixture)
    found = "accounts" in example and not connection.get("accounts")
    names = ("status", "statusErrorDetail", "accounts") if found else ("status", "statusErrorDetail")
    return {name: example.get(name) for name in names}
