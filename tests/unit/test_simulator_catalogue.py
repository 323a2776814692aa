"""The examples that ship with the router are what Nectar would send."""

import json

import pytest
from pydantic import ValidationError

from receiver.schema import Connection, Status, WebhookPayload
from receiver.simulator import catalogue
from receiver.simulator.catalogue import Json

ALWAYS = {
    "id",
    "created",
    "publicCompanyId",
    "connectionMagicLinkSecret",
    "statusLastUpdateTime",
    "statusFirstSeenTime",
    "statusErrorDetail",
}
MAY_BE_ABSENT = {
    "updated",
    "datasource",
    "accounts",
    "company",
    "url",
    "status",
    "country",
    "initialSites",
    "initialDatasourceTypes",
    "username",
    "workflowOwnerEmail",
    "dataCollectionStartDate",
    "multiplyByOccupancy",
}
NOT_SHOWN_IN_A_WEBHOOK = {"publicCompanyId", "connectionMagicLinkSecret", "statusLastUpdateTime"}
DOES_NOT_FIT = "does-not-fit"


@pytest.mark.parametrize("name", catalogue.names())
def test_every_connection_is_one_that_the_schema_takes(name: str) -> None:
    Connection.model_validate(catalogue.connection(name))


@pytest.mark.parametrize("name", catalogue.names())
def test_every_connection_has_the_fields_that_get_always_answers(name: str) -> None:
    assert set(catalogue.connection(name)) >= ALWAYS


@pytest.mark.parametrize("name", sorted({*catalogue.names()} - {"without-status", "sites-relations"}))
def test_a_connection_has_every_field_of_nectars_page_and_no_other(name: str) -> None:
    assert set(catalogue.connection(name)) == ALWAYS | MAY_BE_ABSENT


def test_there_is_a_connection_for_every_status_that_nectar_lists() -> None:
    shown = {catalogue.connection(name).get("status") for name in catalogue.names()}
    assert shown >= {status.value for status in Status}


@pytest.mark.parametrize("status", list(Status))
def test_a_status_s_example_bears_its_name(status: Status) -> None:
    name = "created" if status is Status.PENDING else status.lower().replace("_", "-")
    assert catalogue.connection(name)["status"] == status


def test_no_two_connections_share_an_id() -> None:
    ids = {catalogue.connection(name)["id"] for name in catalogue.names()}
    assert len(ids) == len(catalogue.names())


def test_times_come_with_and_without_a_zone_and_with_nine_digits() -> None:
    created = {catalogue.connection(name)["created"] for name in catalogue.names()}
    assert any(moment.endswith("Z") for moment in created)
    assert any(len(moment.partition(".")[2]) == 9 for moment in created)


@pytest.mark.parametrize("name", sorted({*catalogue.webhook_names()} - {DOES_NOT_FIT}))
def test_every_webhook_is_one_that_the_schema_takes(name: str) -> None:
    WebhookPayload.model_validate(catalogue.webhook(name))


def test_one_webhook_is_there_to_be_refused() -> None:
    with pytest.raises(ValidationError):
        WebhookPayload.model_validate(catalogue.webhook(DOES_NOT_FIT))


@pytest.mark.parametrize("name", catalogue.webhook_names())
def test_a_webhook_is_thinner_than_a_connection(name: str) -> None:
    payload = catalogue.webhook(name)
    assert not NOT_SHOWN_IN_A_WEBHOOK & set(payload)
    assert "magic-link" not in json.dumps(payload)


def test_accounts_come_in_every_shape_that_was_published() -> None:
    connections = [catalogue.connection(name) for name in catalogue.names()]
    accounts: list[Json] = [account for one in connections for account in one.get("accounts", [])]
    relations = catalogue.connection("sites-relations")["sitesRelations"]
    for shape in ({"accountNumber", "site"}, {"accountNumber", "startDate", "endDate", "isTracked"}):
        assert any(set(account) >= shape for account in accounts)
    assert all(set(relation) == {"accountIds", "datasourceTypes", "site"} for relation in relations)


def test_an_example_may_be_changed_without_changing_the_next_one() -> None:
    catalogue.connection("connected")["accounts"].clear()
    assert catalogue.connection("connected")["accounts"]


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    with pytest.raises(LookupError, match=r"no connection named 'conected'; there are: .*connected, created"):
        catalogue.connection("conected")
    with pytest.raises(LookupError, match=r"no webhook named '\.\./created'; there are: .*document-created"):
        catalogue.webhook("../created")
