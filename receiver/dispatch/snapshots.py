"""Connections as the journal keeps them."""

from functools import lru_cache

from pydantic import ValidationError

from receiver.schema import NO_SECRET, Connection


def write_snapshot(connection: Connection) -> str:
    """As JSON, without what an absent field stands for."""
    return connection.model_dump_json(by_alias=True, exclude_defaults=True)


@lru_cache(maxsize=256)
def read_snapshot(snapshot: str) -> Connection:
    """The connection of a snapshot. Raises ValueError when that does not fit this release's schema.

    One version is shown to several handlers, and compared with the next; a connection cannot be changed.
    """
    try:
        return Connection.model_validate_json(snapshot, strict=True, context=NO_SECRET)
    except ValidationError:
        # Strictly it is read sooner; another release may have written otherwise.
        return Connection.model_validate_json(snapshot, context=NO_SECRET)
