"""Connections as the journal keeps them."""

from functools import lru_cache

from receiver.schema import NO_SECRET, Connection


@lru_cache(maxsize=256)
def read_snapshot(snapshot: str) -> Connection:
    """The connection of a snapshot. Raises ValueError when that does not fit this release's schema.

    One version is shown to several handlers, and compared with the next; a connection cannot be changed.
    """
    return Connection.model_validate_json(snapshot, context=NO_SECRET)
