"""Whom the chat handler tells what: which statuses go where, and what is due after all that was told."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.chat.episode import Memory, due
from handlers.chat.routes import GROUPS, places_of
from receiver.api import Status

USUAL = ["usual"]
STATUSES = [*Status, Status("NEW_ONE"), Status("")]


@pytest.mark.parametrize("status", STATUSES)
def test_without_routes_the_usual_places_hear_of_what_somebody_must_mend(status: Status) -> None:
    expected = USUAL if status.needs_owner or status.needs_operator else []
    assert [*places_of(status, {}, USUAL)] == expected


def test_a_route_for_a_status_goes_before_that_for_its_group_and_both_before_the_usual() -> None:
    routes = {"PASSWORD_INCORRECT": ["a"], "needs_owner": ["b", "c"], "WEBSITE_DOWN": ["d"]}
    assert places_of(Status.PASSWORD_INCORRECT, routes, USUAL) == ["a"]
    assert places_of(Status.MFA_TOKEN_EXPIRED, routes, USUAL) == ["b", "c"]
    assert places_of(Status.WEBSITE_DOWN, routes, USUAL) == ["d"]
    assert places_of(Status.NO_ACCOUNTS_FOUND, routes, USUAL) == USUAL


def test_an_empty_route_silences_a_status() -> None:
    assert places_of(Status.OTHER_ERROR, {"OTHER_ERROR": []}, USUAL) == []
    assert places_of(Status.OTHER_ERROR, {"needs_operator": []}, USUAL) == []


def test_a_status_that_nectar_added_since_has_a_group_of_its_own() -> None:
    assert places_of(Status("NEW_ONE"), {"unknown": ["a"]}, USUAL) == ["a"]
    assert places_of(Status(""), {"unknown": ["a"]}, USUAL) == ()


@pytest.mark.parametrize("status", STATUSES)
def test_no_status_is_in_two_groups(status: Status) -> None:
    assert sum(belongs(status) for belongs in GROUPS.values()) <= 1


def play(*statuses: str, routed: list[str] | None = None, memory: Memory | None = None) -> tuple[Memory, str]:
    """Show statuses one after the other; who was told what, in order."""
    memory, said = memory or Memory(), list[str]()
    for status in map(Status, statuses):
        places = places_of(status, {}, USUAL) if routed is None else routed
        memory = memory.looked_at(status, ["usual", "a", "b"])
        for place in due(status, places, memory):
            said.append(f"{place}:{status}")
            memory = memory.with_told(place, memory.of(place).then(str(status)))
    return memory, " ".join(said)


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ("CONNECTED CONNECTED", ""),
        ("PENDING CONNECTED", ""),
        ("WEBSITE_DOWN CONNECTED", ""),
        ("OTHER_ERROR OTHER_ERROR CONNECTED CONNECTED", "usual:OTHER_ERROR usual:CONNECTED"),
        ("OTHER_ERROR WEBSITE_DOWN OTHER_ERROR CONNECTED", "usual:OTHER_ERROR usual:CONNECTED"),
        (
            "PASSWORD_INCORRECT MFA_TOKEN_EXPIRED PASSWORD_INCORRECT CONNECTED",
            "usual:PASSWORD_INCORRECT usual:MFA_TOKEN_EXPIRED usual:PASSWORD_INCORRECT usual:CONNECTED",
        ),
        (
            "OTHER_ERROR CONNECTED OTHER_ERROR CONNECTED",
            "usual:OTHER_ERROR usual:CONNECTED usual:OTHER_ERROR usual:CONNECTED",
        ),
    ],
)
def test_trouble_is_told_once_for_each_status_and_its_end_once(statuses: str, said: str) -> None:
    assert play(*statuses.split())[1] == said


def test_those_who_hear_of_recoveries_only_hear_of_each_that_followed_trouble() -> None:
    memory, said = Memory(), list[str]()
    for status, routed in [("OTHER_ERROR", ["a"]), ("CONNECTED", ["b"])] * 2 + [("CONNECTED", ["b"])]:
        memory, told = play(status, routed=routed, memory=memory)
        said.append(told)
    assert said == ["a:OTHER_ERROR", "a:CONNECTED b:CONNECTED"] * 2 + [""]


def test_nobody_hears_of_a_recovery_that_no_trouble_was_told_before() -> None:
    assert play("CONNECTED", routed=["b"])[1] == ""
    memory, _ = play("OTHER_ERROR", routed=["a"])
    memory, _ = play("CONNECTED", routed=[], memory=memory)
    assert play("CONNECTED", routed=["b"], memory=memory)[1] == ""


def test_a_recovery_that_one_place_missed_is_not_told_to_the_others_again() -> None:
    memory, _ = play("OTHER_ERROR", routed=["a", "b"])
    only_a = memory.with_told("a", memory.of("a").then("CONNECTED"))
    assert play("CONNECTED", routed=[], memory=only_a)[1] == "b:CONNECTED"


def test_a_place_that_is_gone_is_forgotten() -> None:
    memory, _ = play("OTHER_ERROR", routed=["a"])
    assert memory.looked_at(Status.CONNECTED, ["b"]).told == {}


@given(st.lists(st.tuples(st.sampled_from([*filter(None, STATUSES)]), st.sets(st.sampled_from("ab")))))
def test_whatever_fails_each_place_knows_in_the_end_and_none_is_told_twice(
    story: list[tuple[Status, set[str]]],
) -> None:
    """Each status is shown while some places fail, and shown again when all is well."""
    memory, heard = Memory(), {"a": [""], "b": [""]}
    for status, ill in story:
        for failing in (ill, set[str]()):
            memory = memory.looked_at(status, "ab")
            for place in due(status, [*"ab"] if not status.healthy else [], memory):
                if place not in failing:
                    heard[place].append(str(status))
                    memory = memory.with_told(place, memory.of(place).then(str(status)))
        for place in "ab":
            assert heard[place][-1] == status or (status.healthy and heard[place] == [""])
    for told in heard.values():
        assert all(one != other for one, other in pairwise(told))
