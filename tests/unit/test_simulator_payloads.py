"""What the simulator posts about a connection."""

from receiver.schema import WebhookPayload
from receiver.simulator import catalogue, payloads
from receiver.simulator.catalogue import Json


def changed(name: str = "connected", **fields: object) -> tuple[Json, Json]:
    before = catalogue.connection(name)
    return before, before | fields


def test_a_change_of_status_is_an_update_and_a_validation() -> None:
    types = [payload["eventType"] for payload in payloads.events(*changed(status="WEBSITE_DOWN"))]
    assert types == ["connection.updated.v2", "connection.validated.v2"]


def test_any_other_change_is_an_update_only() -> None:
    types = [payload["eventType"] for payload in payloads.events(*changed(username="new@example.com"))]
    assert types == ["connection.updated.v2"]


def test_an_update_names_what_changed_and_what_it_was() -> None:
    [payload, _] = payloads.events(*changed(status="WEBSITE_DOWN", updated="2025-10-14T08:00:00Z"))
    assert payload["protectedChanges"] == ["status"]
    assert payload["old"] == {"status": "CONNECTED"}


def test_an_update_never_tells_the_magic_link_s_secret() -> None:
    [payload] = payloads.events(*changed(connectionMagicLinkSecret="another"))
    assert payload["protectedChanges"] == ["connectionMagicLinkSecret"]
    assert payload["old"] == {}


def test_a_payload_is_thin() -> None:
    payload = payloads.event(payloads.CREATED, catalogue.connection("created"))
    assert set(payload) == {
        "id",
        "eventType",
        "status",
        "created",
        "updated",
        "url",
        "country",
        "company",
        "datasource",
        "emails",
        "accounts",
    }
    assert set(payload["company"]) == {"id", "name", "externalId", "publicId"}
    assert set(payload["datasource"]) == {"name"}


def test_every_connection_makes_a_payload_that_the_schema_takes() -> None:
    for name in catalogue.names():
        WebhookPayload.model_validate(payloads.event(payloads.VALIDATED, catalogue.connection(name)))


def test_site_relations_keep_their_name() -> None:
    payload = payloads.event(payloads.CREATED, catalogue.connection("sites-relations"))
    assert payload["sitesRelations"]
    assert "accounts" not in payload


def test_times_are_written_in_both_of_nectar_s_ways() -> None:
    moment = 1_760_434_650_788_197_362
    assert payloads.naive(moment) == "2025-10-14T09:37:30.788197362"
    assert payloads.zoned(moment) == "2025-10-14T09:37:30.788197Z"
    assert payloads.naive(1_760_434_650_000_000_000) == "2025-10-14T09:37:30.000000000"
