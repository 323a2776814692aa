"""What is new about a connection."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.diff import changed_fields
from receiver.schema import Connection
from receiver.simulator import catalogue

SECRET = "connection_magic_link_secret"


def connection(answer: dict[str, Any], **fields: Any) -> Connection:
    return Connection.model_validate({**answer, **fields})


def test_the_first_time_everything_is_new_but_the_secret(answer: dict[str, Any]) -> None:
    assert changed_fields(None, connection(answer)) == Connection.model_fields.keys() - {SECRET}


def test_the_first_time_fields_that_we_do_not_know_are_new_too(answer: dict[str, Any]) -> None:
    assert "nextYearsField" in changed_fields(None, connection(answer, nextYearsField=1))


def test_nothing_is_new_about_the_same(answer: dict[str, Any]) -> None:
    assert changed_fields(connection(answer), connection(answer)) == frozenset()


@pytest.mark.parametrize(
    ("field", "value", "attribute"),
    [
        ("status", "CONNECTED", "status"),
        ("status", None, "status"),
        ("statusErrorDetail", None, "status_error_detail"),
        ("statusFirstSeenTime", "2025-01-01T00:00:00Z", "status_first_seen_time"),
        ("workflowOwnerEmail", "another@acme.example", "workflow_owner_email"),
        ("accounts", [], "accounts"),
        ("company", None, "company"),
        ("nextYearsField", {"deep": [1]}, "nextYearsField"),
    ],
)
def test_a_change_is_named_by_its_attribute(
    answer: dict[str, Any], field: str, value: Any, attribute: str
) -> None:
    changed = connection(answer, **{field: value})
    assert changed_fields(connection(answer), changed) == {attribute}
    assert changed_fields(changed, connection(answer)) == {attribute}


def test_a_change_within_a_field_is_a_change_of_that_field(answer: dict[str, Any]) -> None:
    company = {**answer["company"], "name": "Renamed"}
    assert changed_fields(connection(answer), connection(answer, company=company)) == {"company"}


def test_timestamps_alone_are_no_change(answer: dict[str, Any]) -> None:
    moved = connection(answer, updated="2026-01-01T00:00:00Z", statusLastUpdateTime="2026-01-01T00:00:00Z")
    assert changed_fields(connection(answer), moved) == frozenset()


def test_timestamps_are_named_beside_another_change(answer: dict[str, Any]) -> None:
    moved = connection(answer, updated="2026-01-01T00:00:00Z", status="CONNECTED")
    assert changed_fields(connection(answer), moved) == {"updated", "status"}


def test_the_secret_is_never_named(answer: dict[str, Any]) -> None:
    renewed = connection(answer, connectionMagicLinkSecret="another")
    assert changed_fields(connection(answer), renewed) == frozenset()


def test_null_and_absence_are_the_same(answer: dict[str, Any]) -> None:
    without = {name: value for name, value in answer.items() if name != "url"}
    assert changed_fields(connection(without), connection(answer, url=None)) == frozenset()
    assert changed_fields(connection(without), connection(without, nextYearsField=None)) == frozenset()


def test_a_time_is_the_same_however_it_is_written(answer: dict[str, Any]) -> None:
    before = connection(answer, statusFirstSeenTime="2025-01-01T12:00:00Z")
    after = connection(answer, statusFirstSeenTime="2025-01-01T13:00:00.000000000+01:00")
    assert changed_fields(before, after) == frozenset()


@pytest.mark.parametrize("name", catalogue.names())
def test_what_is_kept_and_read_back_is_no_change(name: str) -> None:
    """The journal keeps the connection as JSON without its secret: that must not look like a change."""
    found = Connection.model_validate(catalogue.connection(name))
    kept = Connection.model_validate_json(found.model_dump_json(by_alias=True))
    assert changed_fields(kept, found) == frozenset()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    extra=st.dictionaries(st.sampled_from(["newField", "weird name", "x"]), json_values),
    username=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    moment=st.datetimes(),
    day=st.none() | st.dates(),
)
def test_whatever_nectar_answers_is_no_change_once_kept(
    extra: dict[str, Any], username: str | None, moment: Any, day: Any
) -> None:
    answered = {
        "id": "0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90",
        "created": moment.isoformat(),
        "publicCompanyId": "acme",
        "username": username,
        "statusFirstSeenTime": moment.isoformat(),
        "dataCollectionStartDate": day and day.isoformat(),
        **extra,
    }
    found = Connection.model_validate(answered)
    kept = Connection.model_validate_json(found.model_dump_json(by_alias=True))
    assert changed_fields(kept, found) == frozenset()
