"""What is new about a connection: a pure function over two of them."""

from receiver.schema import Connection

NO_CHANGE = frozenset({"updated", "status_last_update_time"})
"""Nectar moves these on at each of its checks; alone they tell nobody anything."""

ATTRIBUTES = frozenset(Connection.model_fields) - {"connection_magic_link_secret"}


def changed_fields(before: Connection | None, after: Connection) -> frozenset[str]:
    """Names of the attributes in which `after` differs; unknown fields by the name that Nectar gives them.

    All, the first time; none, when only timestamps moved on.
    """
    if before is None:
        return ATTRIBUTES.union(extra) if (extra := after.model_extra) else ATTRIBUTES
    old, new = _values(before), _values(after)
    changed = frozenset(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return frozenset() if changed <= NO_CHANGE else changed


def _values(connection: Connection) -> dict[str, object]:
    return {name: getattr(connection, name) for name in ATTRIBUTES} | (connection.model_extra or {})
