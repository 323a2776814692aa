"""What a company's record says, from the list of its connections."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.crm.figures import WORST_FIRST, Customer, Figures, figures, owner_of, standing
from receiver.api import Status
from receiver.testing import make_connection

EARLY, LATE = datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 11, 3, tzinfo=UTC)
ACME = Customer("ACME-1", make_connection().id, "Acme")
KNOWN = [status.value for status in Status]


def test_no_connections_are_zeros_and_no_status() -> None:
    assert figures([]) == Figures(total=0, connected=0, needing_action=0, worst=None, since=None)


def test_each_connection_is_counted_once_for_what_it_is() -> None:
    counted = figures(make_connection(status) for status in ("CONNECTED", "PENDING", "PASSWORD_INCORRECT"))
    assert (counted.total, counted.connected, counted.needing_action) == (3, 1, 1)


@given(st.lists(st.sampled_from([*KNOWN, "BRAND_NEW", ""])))
def test_whatever_they_are_the_counts_add_up_and_the_worst_is_one_of_them(statuses: list[str]) -> None:
    counted = figures(make_connection(status) for status in statuses)
    assert counted.total == len(statuses) >= counted.connected + counted.needing_action
    assert counted.worst in statuses if statuses else counted.worst is None
    assert (counted.connected == counted.total > 0) == (counted.worst == Status.CONNECTED)


@given(st.permutations(KNOWN))
def test_the_order_of_the_connections_changes_nothing(statuses: list[str]) -> None:
    assert figures(map(make_connection, statuses)) == figures(map(make_connection, KNOWN))


def test_every_status_has_its_place_and_who_needs_its_owner_comes_first() -> None:
    assert set(WORST_FIRST) == set(Status)
    acting = [status.needs_owner or status.needs_operator for status in WORST_FIRST]
    assert acting == sorted(acting, reverse=True)
    assert WORST_FIRST[-1] == Status.CONNECTED


def test_a_status_that_nectar_added_since_is_worse_than_connected_and_no_worse_than_any_other() -> None:
    assert figures([make_connection("CONNECTED"), make_connection("BRAND_NEW")]).worst == "BRAND_NEW"
    assert figures([make_connection("PENDING"), make_connection("BRAND_NEW")]).worst == "PENDING"


def test_since_is_when_the_first_of_the_worst_status_got_it() -> None:
    listed = [
        make_connection("PASSWORD_INCORRECT", status_first_seen_time=LATE),
        make_connection("PASSWORD_INCORRECT", status_first_seen_time=EARLY),
        make_connection("PASSWORD_INCORRECT", status_first_seen_time=None),
        make_connection("CONNECTED", status_first_seen_time=datetime(2020, 1, 1, tzinfo=UTC)),
    ]
    assert figures(listed).since == EARLY


def test_checked_is_the_latest_look_and_makes_no_difference_to_what_is_said() -> None:
    one = figures([make_connection(status_last_update_time=EARLY)])
    other = figures([make_connection(status_last_update_time=LATE)])
    assert (one.checked, other.checked) == (EARLY, LATE)
    assert one == other


def test_an_owner_is_shown_what_is_theirs_alone() -> None:
    hers = make_connection("PASSWORD_INCORRECT", workflow_owner_email=" Her@Acme.example")
    his = make_connection("CONNECTED", workflow_owner_email="him@acme.example")
    nobodys = make_connection("CONNECTED", workflow_owner_email=None)
    stands = standing(ACME, [hers, his, nobodys])
    assert stands.figures.total == 3
    assert {owner: each.needing_action for owner, each in stands.owners.items()} == {
        "her@acme.example": 1,
        "him@acme.example": 0,
    }


def test_who_was_an_owner_is_told_that_nothing_is_theirs_any_more() -> None:
    stands = standing(ACME, [], former=["her@acme.example"])
    assert stands.owners == {"her@acme.example": Figures()}


@pytest.mark.parametrize(("written", "owner"), [(None, None), ("A@B.example", "a@b.example")])
def test_an_owner_is_named_as_crms_compare_addresses(written: str | None, owner: str | None) -> None:
    assert owner_of(make_connection(workflow_owner_email=written)) == owner
