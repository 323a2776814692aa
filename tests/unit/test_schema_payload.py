"""The webhook's payload: thinner than the connection, in several shapes, and open to what Nectar adds."""

import json
from contextlib import suppress
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from receiver.schema import Account, Connection, EventHead, Status, WebhookPayload, without_secret

ID = "0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90"

PUBLISHED: dict[str, dict[str, Any]] = {
    "created": {
        "id": ID,
        "eventType": "connection.created.v2",
        "status": "PENDING",
        "created": "2024-05-01T10:00:00.123456789",
        "updated": "2024-05-01T10:00:00.123456789",
        "url": "https://pacific.example",
        "country": "US",
        "company": {"id": ID, "name": "Acme", "externalId": None, "publicId": "acme-7f3a"},
        "datasource": {"name": "Pacific Power"},
        "emails": ["owner@acme.example"],
        "accounts": [],
    },
    "updated": {
        "id": ID,
        "eventType": "connection.updated.v2",
        "protectedChanges": ["username"],
        "old": {"username": "pat"},
    },
    "nothing but the id": {"id": ID},
}

ACCOUNTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "with a site": (
        {"accountNumber": "1", "datasourceTypes": ["GAS"], "site": {"id": ID, "name": "Main Street"}},
        ("1",),
    ),
    "with dates": (
        {
            "accountNumber": "1",
            "datasourceTypes": ["GAS"],
            "startDate": "2024-01-01",
            "endDate": None,
            "isTracked": True,
        },
        ("1",),
    ),
    "with ids": (
        {"accountIds": ["1", 2], "datasourceTypes": ["GAS"], "site": {"id": ID, "name": "Main Street"}},
        ("1", "2"),
    ),
    "with a number for a number": ({"accountNumber": 1}, ("1",)),
    "with nulls": ({"accountNumber": None, "accountIds": None, "datasourceTypes": None, "site": None}, ()),
    "with nothing": ({}, ()),
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
times = st.datetimes(timezones=zones).map(lambda moment: moment.isoformat())
wire_names = sorted(str(field.alias) for field in WebhookPayload.model_fields.values())
taken_names = {*wire_names, *WebhookPayload.model_fields, "sitesRelations"}
bodies = st.dictionaries(st.sampled_from([*wire_names, "sitesRelations"]), json_values | times, max_size=8)
extras = st.dictionaries(st.text().filter(lambda name: name not in taken_names), json_values).map(
    without_secret
)


@pytest.mark.parametrize("situation", PUBLISHED)
def test_every_published_example_is_taken(situation: str) -> None:
    payload = WebhookPayload.model_validate_json(json.dumps(PUBLISHED[situation]))
    assert str(payload.id) == ID
    assert payload.event_type == PUBLISHED[situation].get("eventType")


def test_of_all_fields_only_the_id_is_demanded() -> None:
    with pytest.raises(ValidationError) as refusal:
        WebhookPayload.model_validate({})
    assert [error["loc"] for error in refusal.value.errors()] == [("id",)]


def test_what_else_is_there_is_validated_and_every_trouble_named() -> None:
    wrong = {"id": ID, "created": "soon", "status": 5, "company": {"id": "Acme"}, "eventType": []}
    with pytest.raises(ValidationError) as refusal:
        WebhookPayload.model_validate(wrong)
    named = {error["loc"] for error in refusal.value.errors()}
    assert named == {("created",), ("status",), ("company", "id"), ("eventType",)}


@pytest.mark.parametrize("name", ["accounts", "sitesRelations"])
@pytest.mark.parametrize("shape", ACCOUNTS)
def test_accounts_are_taken_in_every_shape_and_under_both_names(name: str, shape: str) -> None:
    entry, numbers = ACCOUNTS[shape]
    (account,) = WebhookPayload.model_validate({"id": ID, name: [entry | {"meter": "7"}]}).accounts
    assert account.numbers == numbers
    assert account.model_extra == {"meter": "7"}


@pytest.mark.parametrize("shape", ACCOUNTS)
def test_an_account_is_the_same_from_json_and_from_python(shape: str) -> None:
    """Else a snapshot read back from JSON would look changed at every fetch."""
    entry, _ = ACCOUNTS[shape]
    assert Account.model_validate(entry) == Account.model_validate_json(json.dumps(entry))


@pytest.mark.parametrize("status", ["HIBERNATING", "connected"])
def test_a_status_that_nectar_added_is_kept_and_flagged(answer: dict[str, Any], status: str) -> None:
    connection = Connection.model_validate(answer | {"status": status})
    assert connection.status == status
    assert connection.unknown_values() == {"status": [status]}
    assert connection.model_dump(mode="json")["status"] == status


def test_a_country_that_nectar_added_is_kept_and_flagged(answer: dict[str, Any]) -> None:
    connection = Connection.model_validate(answer | {"country": "XK"})
    assert connection.country == "XK"
    assert connection.unknown_values() == {"country": ["XK"]}


def test_datasource_types_that_nectar_added_are_kept_and_flagged_wherever_they_stand(
    answer: dict[str, Any],
) -> None:
    connection = Connection.model_validate(
        answer
        | {"initialDatasourceTypes": ["GAS", "HYDROGEN"], "accounts": [{"datasourceTypes": ["STEAM", "GAS"]}]}
    )
    assert connection.initial_datasource_types == ("GAS", "HYDROGEN")
    assert connection.unknown_values() == {"datasourceTypes": ["HYDROGEN", "STEAM"]}


@pytest.mark.parametrize("given_status", [{"status": None}, {"status": ""}, {}])
def test_no_status_is_no_unknown_value(given_status: dict[str, Any]) -> None:
    payload = WebhookPayload.model_validate({"id": ID} | given_status)
    assert payload.status == Status("")
    assert payload.unknown_values() == {}


def test_nothing_is_flagged_in_an_answer_by_the_book(answer: dict[str, Any]) -> None:
    assert Connection.model_validate(answer).unknown_values() == {}


@pytest.mark.parametrize("relations", ["accounts", "sitesRelations"])
@pytest.mark.parametrize("shape", ACCOUNTS)
@pytest.mark.parametrize("status", ["CONNECTED", "HIBERNATING", None])
def test_a_dump_parsed_again_is_the_same_connection_but_for_the_secret(
    answer: dict[str, Any], relations: str, shape: str, status: str | None
) -> None:
    del answer["accounts"]
    answer |= {relations: [ACCOUNTS[shape][0]], "status": status, "new": {"field": [1, None]}}
    connection = Connection.model_validate(answer)
    expected = connection.model_copy(update={"connection_magic_link_secret": None})
    for by_alias in (True, False):
        assert Connection.model_validate_json(connection.model_dump_json(by_alias=by_alias)) == expected


@given(extra=extras)
def test_unknown_fields_are_kept_whatever_they_are(extra: dict[str, Any]) -> None:
    payload = WebhookPayload.model_validate_json(json.dumps({"id": ID} | extra))
    assert payload.model_extra == extra
    assert WebhookPayload.model_validate_json(payload.model_dump_json(by_alias=True)) == payload


@given(body=bodies | bodies.map(lambda body: body | {"id": ID}) | json_values)
def test_any_json_is_taken_or_refused_but_never_breaks_the_parser(body: object) -> None:
    for model in (WebhookPayload, Connection, EventHead):
        with suppress(ValidationError):
            model.model_validate(body).model_dump_json()
        with suppress(ValidationError):
            model.model_validate_json(json.dumps(body)).model_dump_json()


@given(junk=st.binary())
def test_any_bytes_are_taken_or_refused_but_never_break_the_parser(junk: bytes) -> None:
    with suppress(ValidationError):
        WebhookPayload.model_validate_json(junk)


@pytest.mark.parametrize("event_type", ["connection.updated.v2", "document.created.v2", 5, None, ["x"]])
def test_the_head_of_a_body_tells_its_type_whatever_the_rest_is(event_type: object) -> None:
    assert EventHead.model_validate({"eventType": event_type, "id": 5}).event_type == event_type


def test_the_head_of_a_body_may_lack_the_type() -> None:
    assert EventHead.model_validate({"id": ID}).event_type is None
