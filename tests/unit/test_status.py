"""What each status asks for, by Nectar's documentation."""

import copy
import pickle
from typing import Any

import pytest

from receiver.schema import Actor, DatasourceType, Status

OWNER = [
    "PASSWORD_INCORRECT",
    "MFA_TOKEN_EXPIRED",
    "NEW_PASSWORD_NEEDED",
    "ADDITIONAL_CREDENTIALS_NEEDED",
]
OPERATOR = ["URL_INACCESSIBLE", "NO_ACCOUNTS_FOUND", "OTHER_ERROR", "COMPANY_INACTIVE"]
NECTAR = ["UNDER_INVESTIGATION"]
NOBODY = ["CONNECTED", "PENDING", "WEBSITE_DOWN"]
STRANGERS = ["HIBERNATING", "connected", "", " "]


def test_the_lists_above_name_every_status_once() -> None:
    assert sorted(OWNER + OPERATOR + NECTAR + NOBODY) == sorted(Status)


@pytest.mark.parametrize(
    ("names", "actor"),
    [
        (OWNER, Actor.OWNER),
        (OPERATOR, Actor.OPERATOR),
        (NECTAR, Actor.NECTAR),
        (NOBODY, Actor.NOBODY),
        (STRANGERS, Actor.NOBODY),
    ],
)
def test_each_status_says_who_must_act(names: list[str], actor: Actor) -> None:
    for status in map(Status, names):
        assert status.actor is actor
        assert status.needs_owner == (actor is Actor.OWNER)
        assert status.needs_operator == (actor is Actor.OPERATOR)


@pytest.mark.parametrize("name", [*Status, *STRANGERS])
def test_data_flows_only_when_connected(name: str) -> None:
    assert Status(name).healthy == (name == "CONNECTED")


@pytest.mark.parametrize("name", [*Status, *STRANGERS])
def test_a_status_is_the_string_that_came(name: str) -> None:
    """So that it can be logged, compared, put in a URL or JSON as it is."""
    status = Status(name)
    assert status == name == str(status) == f"{status}" == status.value
    assert hash(status) == hash(name)


@pytest.mark.parametrize("name", STRANGERS)
def test_a_status_outside_the_list_is_a_status_all_the_same(name: str) -> None:
    status = Status(name)
    assert isinstance(status, Status)
    assert not status.known


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_survives_being_copied_and_pickled(name: str) -> None:
    status = Status(name)
    assert copy.deepcopy(status) == pickle.loads(pickle.dumps(status)) == status  # noqa: S301 - our own


def test_a_stranger_does_not_join_the_list() -> None:
    Status("HIBERNATING")
    assert "HIBERNATING" not in list(Status)
    assert not Status("HIBERNATING").known


def test_every_listed_value_is_known() -> None:
    assert all(value.known for value in [*Status, *DatasourceType])


@pytest.mark.parametrize("value", [None, 5, True, ["CONNECTED"]])
def test_what_is_no_string_is_no_status(value: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid Status"):
        Status(value)
