"""What the forward handler says of a change."""

import json
from typing import Any

import pytest

from handlers.forward.encoding import encode
from handlers.forward.event import CloudEvent, make_event
from handlers.forward.options import Mode
from receiver.api import Change, Connection, Event
from receiver.testing import make_change, make_connection


def event_of(change: Change, *, include_personal: bool = False) -> CloudEvent:
    return make_event(change, id="key-7", source="/router", include_personal=include_personal)


def data_of(connection: Connection, *, include_personal: bool = False) -> dict[str, Any]:
    return event_of(make_change(connection), include_personal=include_personal).data


def test_the_attributes_say_what_happened_to_which_connection() -> None:
    connection = make_connection("PASSWORD_INCORRECT", updated="2025-11-03T06:00:01.5Z")
    assert event_of(make_change(connection)).attributes == {
        "specversion": "1.0",
        "id": "key-7",
        "source": "/router",
        "type": "com.nectar-router.connection.changed",
        "subject": "6f9f1c52-7a0e-4c39-9a63-52d1f4b0c7ae",
        "time": "2025-11-03T06:00:01.500000Z",
        "datacontenttype": "application/json",
        "connectionstatus": "PASSWORD_INCORRECT",
    }


def test_the_time_is_the_newest_that_nectar_gives() -> None:
    silent = make_connection(status_last_update_time=None)
    assert event_of(make_change(silent)).attributes["time"] == "2025-03-04T09:15:00Z"
    assert event_of(make_change(make_connection())).attributes["time"] == "2025-11-03T06:00:00Z"


def test_a_connection_without_a_status_has_no_status_attribute() -> None:
    assert "connectionstatus" not in event_of(make_change(make_connection(""))).attributes


def test_all_attempts_at_a_version_make_the_same_event() -> None:
    change = make_change(make_connection(), "CONNECTED", {"url", "status", "updated"})
    assert event_of(change) == event_of(change)
    assert encode(event_of(change), Mode.STRUCTURED) == encode(event_of(change), Mode.STRUCTURED)


def test_the_data_is_what_a_handler_is_shown_in_nectars_own_words() -> None:
    events = (Event("msg_1", "connection.updated.v2"), Event("msg_2", "connection.validated.v2"))
    connection = make_connection("CONNECTED", newField={"inner": [1, None]})
    changed = {"status", "status_error_detail", "accounts"}
    data = event_of(make_change(connection, "PENDING", changed, events=events, version=7)).data
    shown = data.pop("connection")
    assert data == {
        "previousStatus": "PENDING",
        "changed": ["accounts", "status", "statusErrorDetail"],
        "version": 7,
        "events": [
            {"id": "msg_1", "type": "connection.updated.v2"},
            {"id": "msg_2", "type": "connection.validated.v2"},
        ],
    }
    assert isinstance(shown, dict)
    assert shown["publicCompanyId"] == "made-up-company"
    assert shown["initialDatasourceTypes"] == ["ELECTRICITY"]
    assert shown["company"]["name"] == "Northwind Properties"  # type: ignore[call-overload, index]
    assert shown["newField"] == {"inner": [1, None]}
    assert Connection.model_validate_json(json.dumps(shown)).company == connection.company


def test_at_first_all_is_new_and_there_is_no_previous_status() -> None:
    data: dict[str, Any] = event_of(make_change(make_connection())).data
    assert data["previousStatus"] is None
    assert set(data["changed"]) == {*data["connection"], "username", "workflowOwnerEmail"}


def test_the_magic_links_secret_is_never_in_it() -> None:
    connection = make_connection(
        connection_magic_link_secret="hush-hush",
        old={"connectionMagicLinkSecret": "hush-hush", "connection_magic_link_secret": "hush-hush"},
    )
    assert "hush" not in json.dumps(data_of(connection, include_personal=True))


def test_what_is_about_a_person_is_left_out() -> None:
    connection = make_connection(
        username="pat-7",
        workflow_owner_email="pat@acme.example",
        emails=["pat@acme.example"],
        old={"userName": "pat-7", "workflow_owner_email": "pat@acme.example", "note": "by pat@acme.example"},
        url="https://login.example?user=pat%40acme.example",
        status_error_detail="Pat-7 is locked, ask <pat@acme.example>; pat-77 is not",
    )
    data = data_of(connection)
    text = json.dumps(data)
    assert "pat@" not in text
    assert "pat%40" not in text
    assert not {"username", "workflowOwnerEmail", "emails"} & data["connection"].keys()
    assert data["connection"]["statusErrorDetail"] == "[left out] is locked, ask [left out] pat-77 is not"
    assert data["connection"]["old"] == {"note": "by [left out]"}


def test_an_account_number_that_is_also_the_user_name_stays() -> None:
    connection = make_connection(username="100-200-300")
    assert data_of(connection)["connection"]["accounts"][0]["accountNumber"] == "100-200-300"


def test_what_is_about_a_person_is_there_when_that_is_wanted() -> None:
    shown = data_of(make_connection(emails=["pat@acme.example"]), include_personal=True)["connection"]
    assert shown["username"] == "northwind-facilities"
    assert shown["workflowOwnerEmail"] == "owner@northwind.example"
    assert shown["emails"] == ["pat@acme.example"]


@pytest.mark.parametrize(
    ("status", "header"),
    [
        ("CONNECTED", "CONNECTED"),
        ('say "50 %"', "say%20%2250%20%25%22"),
        ("Größe €", "Gr%C3%B6%C3%9Fe%20%E2%82%AC"),
        ("a\r\nce-type: b", "a%0D%0Ace-type:%20b"),
        ("~!#$&'()*+,/:;=?@[]", "~!#$&'()*+,/:;=?@[]"),
    ],
)
def test_in_a_header_all_but_printable_ascii_is_percent_encoded(status: str, header: str) -> None:
    message = encode(event_of(make_change(make_connection(status))), Mode.BINARY)
    assert message.headers["ce-connectionstatus"] == header
