"""Scenes with two connections side by side, and the preflight."""

import asyncio
import json
from collections.abc import Iterator
from urllib.parse import unquote

import httpx

from receiver.rehearsal import MADE_UP_ID, take_everything
from receiver.testing.answers import Answer
from receiver.testing.contract.plain import HEALTHY
from receiver.testing.contract.play import Play, WatchedRouter
from receiver.testing.contract.recognising import creates, leaves, named
from receiver.testing.contract.states import IDS, NUMBERS, PEOPLE
from receiver.testing.contract.suite import Act, Suite
from receiver.testing.running import Run
from receiver.testing.target import FakeHTTP, SentRequest

SHORTEST_ID = 2
LONGEST_PREFLIGHT = 10.0


async def play_sides(suite: Suite) -> None:
    """All of them."""
    for broken in dict.fromkeys(each.status for each in suite.situations if each.status != HEALTHY):
        if {broken, HEALTHY} <= suite.sound:
            await suite.play(f"two connections at once: {broken}, then {HEALTHY}", _two(suite, broken))
            break
    if suite.scenery.handler.check is not None:
        await suite.play("the preflight", _preflight)


def _two(suite: Suite, broken: str) -> Act:
    async def act(play: Play) -> None:
        play.alone = False
        one, other = _pair(suite, play)
        for status in (broken, HEALTHY):
            await asyncio.gather(one.show_state(status, mark="a"), other.show_state(status, mark="b"))
        for router, foreign in ((one, "b"), (other, "a")):
            for run in router.runs:
                for what in _of(foreign, run):
                    play.find("shares-state", f"{what} of one connection is in what was done for the other")
        for sent in (*_foreign_ids(one, other), *_foreign_ids(other, one)):
            play.find("shares-state", f"{named([sent])} names what was made for the other connection")

    return act


def _pair(suite: Suite, play: Play) -> tuple[WatchedRouter, WatchedRouter]:
    """Two routers at one target, which gives each thing an id of its own."""
    shared = suite.scenery.target()
    targets = [FakeHTTP(_ids_of(mark) if suite.scenery.generic else shared.answers) for mark in "ab"]
    return play.router(targets[0]), play.router(targets[1])


def _ids_of(mark: str) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        usual = take_everything(request)
        return httpx.Response(usual.status_code, json={"id": f"{MADE_UP_ID}-{mark}"})

    return answer


def _of(mark: str, run: Run) -> Iterator[str]:
    """What in an attempt is of the connection with this mark."""
    requests = "\n".join(
        f"{unquote(each.url)} {each.headers} {each.content.decode(errors='replace')}" for each in run.requests
    )
    whole = f"{requests}\n{run.effects}\n{run.memory}\n{run.outcome}"
    marks = {"the id": IDS[mark], "the account number": NUMBERS[mark]}
    marks |= {"the owner": PEOPLE[mark]["workflow_owner_email"], "the username": PEOPLE[mark]["username"]}
    return (what for what, text in marks.items() if text in whole)


def _foreign_ids(one: WatchedRouter, other: WatchedRouter) -> Iterator[SentRequest]:
    """Requests for one connection that name what only the other was ever answered."""
    own = {value for request in one.http.requests for _, value in leaves(_answer_to(request))}
    foreign = {value for request in other.http.requests for _, value in leaves(_answer_to(request))} - own
    foreign = {value for value in foreign if len(value) >= SHORTEST_ID and not value.isalpha()}
    for request in one.http.requests:
        said = {*request.path.split("/"), *(value for _, value in leaves(request.json))}
        if said & foreign:
            yield request


def _answer_to(request: SentRequest) -> object:
    try:
        return json.loads(request.answer)
    except ValueError:
        return None


async def _preflight(play: Play) -> None:
    scenery, http = play.scenery, play.scenery.target()
    check = scenery.handler.check
    assert check is not None
    try:
        async with asyncio.timeout(LONGEST_PREFLIGHT):
            told = await check(scenery.options, http.client)
    except (Exception, TimeoutError):  # noqa: BLE001 - made-up options lead nowhere: that it raises is no wonder
        told = ""
    changing = [each for each in http.requests if _changes(each)]
    if changing:
        play.find("changes-target-in-preflight", named(changing))
    if not isinstance(told, str):
        play.find("bad-preflight", f"it returned {type(told).__name__}")
    for what in scenery.leaks.secrets(f"{told}\n{scenery.take_output()}"):
        play.find("leaks-secret", f"{what} is in what it found")
    scenery.take_attempts_to_connect()  # for a preflight there is no other way than its own


def _changes(request: SentRequest) -> bool:
    return creates(request) or (request.method in ("PUT", "DELETE") and request.taken)
