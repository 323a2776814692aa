"""What is kept of a connection is the connection, all but its secret."""

import json
from datetime import UTC
from typing import Any

import pytest
from pydantic import ValidationError

from receiver.dispatch.snapshots import read_snapshot, write_snapshot
from receiver.schema import Connection
from receiver.simulator import catalogue

NAMES = [name for name in catalogue.names() if "id" in catalogue.connection(name)]


def kept(answer: dict[str, Any]) -> Connection:
    """The connection as Nectar answers it, without its secret."""
    return Connection.model_validate({**answer, "connectionMagicLinkSecret": None})


@pytest.mark.parametrize("name", NAMES)
def test_every_connection_is_read_as_it_was_written(name: str) -> None:
    connection = kept(catalogue.connection(name))
    assert read_snapshot(write_snapshot(connection)) == connection


@pytest.mark.parametrize("name", NAMES)
def test_what_this_release_writes_it_reads_strictly(name: str) -> None:
    """Which takes two thirds of the time."""
    snapshot = write_snapshot(Connection.model_validate(catalogue.connection(name)))
    strictly = Connection.model_validate_json(snapshot, strict=True)
    assert strictly == Connection.model_validate_json(snapshot)
    assert strictly.created.tzinfo is UTC


def test_what_is_absent_takes_no_room() -> None:
    snapshot = write_snapshot(
        kept(catalogue.connection("connected") | {"externalId": None, "accounts": None})
    )
    assert not {"externalId", "accounts"} & json.loads(snapshot).keys()


def test_unknown_fields_and_values_are_kept_as_they_came() -> None:
    strange = {"status": "ON_HOLIDAY", "initialDatasourceTypes": ["STEAM"], "mood": None, "old": {"a": [1]}}
    connection = kept(catalogue.connection("connected") | strange)
    read = read_snapshot(write_snapshot(connection))
    assert read == connection
    assert read.model_extra == connection.model_extra
    assert {"mood": None, "old": {"a": [1]}}.items() <= (read.model_extra or {}).items()


def test_the_secret_is_not_written() -> None:
    answer = catalogue.connection("connected") | {"connectionMagicLinkSecret": "s3cr3t-of-the-link"}
    assert "s3cr3t-of-the-link" not in write_snapshot(Connection.model_validate(answer))


@pytest.mark.parametrize("created", ["2024-05-01T12:00:00", "2024-05-01T14:00:00+02:00"])
def test_a_snapshot_that_another_release_wrote_otherwise_is_read_too(created: str) -> None:
    answer = catalogue.connection("connected") | {"created": created, "connectionMagicLinkSecret": None}
    assert read_snapshot(json.dumps(answer)) == kept(answer)


@pytest.mark.parametrize("created", ["2024-05-01T12:00:00", "2024-W18-3T12:00:00Z", 1714564800])
def test_strictly_a_time_bears_its_zone_and_is_a_text(created: str | int) -> None:
    answer = catalogue.connection("connected") | {"created": created}
    with pytest.raises(ValidationError):
        Connection.model_validate_json(json.dumps(answer), strict=True)


def test_what_is_no_connection_is_refused() -> None:
    with pytest.raises(ValueError, match="id"):
        read_snapshot('{"id":"no"}')
