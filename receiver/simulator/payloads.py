"""What Nectar would post about a connection: pure functions over JSON objects.

The payload is thinner than what GET answers, as the published examples of the webhook are.
"""

from datetime import UTC, datetime

from receiver.simulator.catalogue import Json

CREATED = "connection.created.v2"
UPDATED = "connection.updated.v2"
VALIDATED = "connection.validated.v2"

_SECRET = frozenset({"connectionMagicLinkSecret"})
_CARRIED = ("status", "created", "updated", "url", "country")
_BOOKKEEPING = frozenset({"updated", "statusLastUpdateTime", "statusFirstSeenTime"})


def events(before: Json, after: Json) -> list[Json]:
    """The payloads that follow from a change: always updated, and validated when the status is another."""
    types = [UPDATED, VALIDATED] if before.get("status") != after.get("status") else [UPDATED]
    return [event(kind, after, before) for kind in types]


def event(event_type: str, connection: Json, before: Json | None = None) -> Json:
    """The payload of one event. An `updated` one tells what changed since `before`."""
    payload = _thin(connection) | {"eventType": event_type}
    if before is not None and ".updated" in event_type:
        changed = _changed(before, connection)
        payload["protectedChanges"] = changed
        payload["old"] = {field: before.get(field) for field in changed if field not in _SECRET}
    return payload


def _changed(before: Json, after: Json) -> list[str]:
    fields = dict.fromkeys([*before, *after])
    return [name for name in fields if name not in _BOOKKEEPING and before.get(name) != after.get(name)]


def _thin(connection: Json) -> Json:
    owner = connection.get("workflowOwnerEmail")
    payload = {"id": connection["id"]} | {name: connection[name] for name in _CARRIED if name in connection}
    if company := connection.get("company"):
        payload["company"] = company | {"publicId": connection.get("publicCompanyId")}
    if datasource := connection.get("datasource"):
        payload["datasource"] = {"name": datasource["name"]}
    relations = "sitesRelations" if "sitesRelations" in connection else "accounts"
    return payload | {"emails": [owner] if owner else [], relations: connection.get(relations, [])}


def naive(nanoseconds: int) -> str:
    """A time since the epoch as Nectar often writes it: UTC without saying so, and nine digits."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat()}.{fraction:09d}"


def zoned(nanoseconds: int) -> str:
    """A time since the epoch as Nectar writes it at other times: with its zone, and six digits."""
    return f"{naive(nanoseconds)[:-3]}Z"
