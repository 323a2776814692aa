"""From a change to a CloudEvent: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from handlers.forward.personal import without_personal
from receiver.api import Change, Connection

TYPE = "com.nectar-router.connection.changed"
"""Events of this type keep their shape: fields are added, none is taken away. Else it is another type."""
CONTENT_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event before it is put into a request."""

    attributes: dict[str, str]
    data: dict[str, JsonValue]

    @property
    def id(self) -> str:
        """The same for each attempt at one version of a connection, and for each URL."""
        return self.attributes["id"]


def make_event(change: Change, *, id: str, source: str, include_personal: bool) -> CloudEvent:  # noqa: A002
    """The event that tells of a change. Its content depends on the change alone, so attempts are alike."""
    connection = change.connection
    attributes = {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": TYPE,
        "subject": str(connection.id),
        "time": _moment(connection).isoformat().replace("+00:00", "Z"),
        "datacontenttype": CONTENT_TYPE,
    }
    if connection.status:
        # An extension: receivers and brokers filter by attributes without a look at the data.
        attributes["connectionstatus"] = str(connection.status)
    data: dict[str, JsonValue] = {
        "connection": _spelled(connection, include_personal),
        "previousStatus": None if change.previous_status is None else str(change.previous_status),
        "changed": [*_aliases(change.changed)],
        "version": change.version,
        "events": [{"id": event.id, "type": event.type} for event in change.events],
    }
    return CloudEvent(attributes, data)


def _moment(connection: Connection) -> datetime:
    """When Nectar last touched it, as far as it says."""
    moments = (connection.updated, connection.status_last_update_time, connection.created)
    return max(moment for moment in moments if moment is not None)


def _spelled(connection: Connection, include_personal: bool) -> JsonValue:
    """The connection as Nectar spells it. No dump has the magic link's secret."""
    spelled: JsonValue = connection.model_dump(mode="json", by_alias=True)
    return spelled if include_personal else without_personal(spelled, connection.username)


def _aliases(names: Iterable[str]) -> list[str]:
    """As Nectar spells them. What no dump shows is not among them."""
    fields = Connection.model_fields
    shown = [fields[name] for name in names if name in fields and not fields[name].exclude]
    return sorted(str(field.alias) for field in shown)
