"""The connection as `GET /connection/{id}/details` answers it: Nectar's table, row by row."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import pycountry
import pytest
from pydantic import ValidationError

from receiver.schema import COUNTRIES, Company, Connection, Datasource, DatasourceType, Status

U = "0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Row(NamedTuple):
    """One row of Nectar's table, with values of the wrong type."""

    field: str
    attribute: str
    value: Any
    parsed: Any
    wrong: tuple[Any, ...]


NO_TEXT: tuple[Any, ...] = (5, True, [], {})
NO_MOMENT: tuple[Any, ...] = (
    "soon",
    "",
    5,
    1.5,
    True,
    [],
    "2024-13-01T00:00:00Z",
    "0001-01-01T00:00:00+05:00",
)
NO_UUID: tuple[Any, ...] = ("", "acme", 5, [])

ROWS = [
    Row("id", "id", U, UUID(U), NO_UUID),
    Row("created", "created", "2024-05-01T12:00:00Z", NOON, NO_MOMENT),
    Row("publicCompanyId", "public_company_id", "acme", "acme", NO_TEXT),
    Row("statusLastUpdateTime", "status_last_update_time", "2024-05-01T12:00:00Z", NOON, NO_MOMENT),
    Row("statusFirstSeenTime", "status_first_seen_time", "2024-05-01T12:00:00Z", NOON, NO_MOMENT),
    Row("statusErrorDetail", "status_error_detail", "refused", "refused", NO_TEXT),
    Row("updated", "updated", "2024-05-01T12:00:00Z", NOON, NO_MOMENT),
    Row("datasource", "datasource", {"name": "PG"}, Datasource(name="PG"), ("PG", 5, [], {"name": 5})),
    Row("accounts", "accounts", [], (), ("100-1", 5, {}, ["100-1"])),
    Row("company", "company", {"id": U}, Company(id=UUID(U)), ("Acme", 5, [], {"id": "Acme"})),
    Row("url", "url", "pg.example", "pg.example", NO_TEXT),
    Row("status", "status", "CONNECTED", Status.CONNECTED, NO_TEXT),
    Row("country", "country", "US", "US", NO_TEXT),
    Row("initialSites", "initial_sites", [U], (UUID(U),), ("", U, {}, ["Main Street 1"])),
    Row("initialDatasourceTypes", "initial_datasource_types", ["GAS"], (DatasourceType.GAS,), ("GAS", [5])),
    Row("username", "username", "pat", "pat", NO_TEXT),
    Row("workflowOwnerEmail", "workflow_owner_email", "a@b.test", "a@b.test", (*NO_TEXT, "a", "a@b\nc")),
    Row(
        "dataCollectionStartDate",
        "data_collection_start_date",
        "2024-05-01",
        date(2024, 5, 1),
        ("soon", 5, True, []),
    ),
    Row("multiplyByOccupancy", "multiply_by_occupancy", True, True, (1, "true", [])),
    Row("externalId", "external_id", "A-1", "A-1", NO_TEXT),
    Row("isActive", "is_active", False, False, (0, "false", [])),
]
DEMANDED = ["id", "created", "publicCompanyId"]
EMPTY_WHEN_ABSENT = {"status": "", "accounts": (), "initial_sites": (), "initial_datasource_types": ()}
OPTIONAL = [row for row in ROWS if row.field not in DEMANDED]


def test_the_table_above_has_a_row_for_every_field_but_the_secret() -> None:
    attributes = {row.attribute for row in ROWS}
    assert attributes == set(Connection.model_fields) - {"connection_magic_link_secret"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.field)
def test_each_field_arrives_under_its_snake_case_name(answer: dict[str, Any], row: Row) -> None:
    connection = Connection.model_validate(answer | {row.field: row.value})
    assert getattr(connection, row.attribute) == row.parsed


@pytest.mark.parametrize(
    ("field", "wrong"), [(row.field, wrong) for row in ROWS for wrong in row.wrong], ids=repr
)
def test_a_value_of_another_type_is_refused_and_the_field_named(
    answer: dict[str, Any], field: str, wrong: object
) -> None:
    with pytest.raises(ValidationError) as refusal:
        Connection.model_validate(answer | {field: wrong})
    assert {error["loc"][0] for error in refusal.value.errors()} == {field}


@pytest.mark.parametrize("field", DEMANDED)
def test_the_fields_that_get_always_answers_are_demanded(answer: dict[str, Any], field: str) -> None:
    del answer[field]
    with pytest.raises(ValidationError) as refusal:
        Connection.model_validate(answer)
    assert [(error["loc"], error["type"]) for error in refusal.value.errors()] == [((field,), "missing")]


@pytest.mark.parametrize("field", DEMANDED)
def test_the_fields_that_get_always_answers_are_never_null(answer: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Connection.model_validate(answer | {field: None})


@pytest.mark.parametrize("row", OPTIONAL, ids=lambda row: row.field)
def test_every_other_field_may_be_null_or_absent_and_both_mean_the_same(
    answer: dict[str, Any], row: Row
) -> None:
    null = Connection.model_validate(answer | {row.field: None})
    absent = Connection.model_validate({name: value for name, value in answer.items() if name != row.field})
    expected = EMPTY_WHEN_ABSENT.get(row.attribute)
    assert getattr(null, row.attribute) == getattr(absent, row.attribute) == expected


def test_a_datasource_may_lack_its_url(answer: dict[str, Any]) -> None:
    connection = Connection.model_validate(answer | {"datasource": {"name": "PG"}})
    assert connection.datasource == Datasource(name="PG", url=None)


def test_a_blank_owner_email_is_none(answer: dict[str, Any]) -> None:
    assert Connection.model_validate(answer | {"workflowOwnerEmail": ""}).workflow_owner_email is None


def test_blanks_around_the_owner_email_cost_nothing(answer: dict[str, Any]) -> None:
    connection = Connection.model_validate(answer | {"workflowOwnerEmail": " owner@acme.example\n"})
    assert connection.workflow_owner_email == "owner@acme.example"


@pytest.mark.usefixtures("in_any_zone")
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-01T12:00:00Z", NOON),
        ("2024-05-01T12:00:00", NOON),
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
        ("2024-05-01T12:00:00.123456789", NOON.replace(microsecond=123456)),
        ("2024-05-01 12:00:00.5", NOON.replace(microsecond=500000)),
    ],
)
def test_a_time_is_in_utc_with_or_without_zone_and_to_nine_digits(
    answer: dict[str, Any], written: str, meant: datetime
) -> None:
    created = Connection.model_validate(answer | {"created": written}).created
    assert created == meant
    assert created.tzinfo is UTC


def test_a_start_date_may_be_written_as_its_midnight(answer: dict[str, Any]) -> None:
    connection = Connection.model_validate(answer | {"dataCollectionStartDate": "2024-05-01T00:00:00.000Z"})
    assert connection.data_collection_start_date == date(2024, 5, 1)


def test_there_are_twelve_statuses() -> None:
    assert len(Status) == 12


def test_the_countries_are_the_249_of_iso_3166() -> None:
    assert {country.alpha_2 for country in pycountry.countries} == COUNTRIES
    assert len(COUNTRIES) == 249


def test_there_are_ten_datasource_types() -> None:
    assert " ".join(DatasourceType) == (
        "ELECTRICITY GAS WATER DISTRICT WASTE FUEL MISC REFRIGERANT SOLAR TELECOM"
    )


def test_at_most_ten_datasource_types_are_taken(answer: dict[str, Any]) -> None:
    Connection.model_validate(answer | {"initialDatasourceTypes": list(DatasourceType)})
    with pytest.raises(ValidationError, match="at most 10"):
        Connection.model_validate(answer | {"initialDatasourceTypes": [*DatasourceType, "GAS"]})


def test_a_connection_cannot_be_changed(answer: dict[str, Any]) -> None:
    connection = Connection.model_validate(answer)
    with pytest.raises(ValidationError, match="frozen"):
        connection.status = Status.CONNECTED  # type: ignore[misc]  # what the test is about
