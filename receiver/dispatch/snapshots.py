"""Connections as the journal keeps them."""

from functools import lru_cache

from pydantic import ValidationError

from receiver.schema import NO_SECRET, Connection


def write_snapshot(connection: Connection) -> str:
    """As JSON, without what an absent field stands for."""
    return connection.model_dump_json(by_alias=True, exclude_defaults=True)


VALIDATE = Connection.__pydantic_validator__.validate_json
"""pydantic's own, without the checks of the options that model_validate_json makes each time."""
AS_MANY_AS_ARE_IN_HAND = 64
"""With many more, each is forgotten when it has left the CPU's caches: that takes as long as to read it."""


@lru_cache(maxsize=AS_MANY_AS_ARE_IN_HAND)
def read_snapshot(snapshot: str) -> Connection:
    """The connection of a snapshot. Raises ValueError when that does not fit this release's schema.

    One version is shown to several handlers, and compared with the next; a connection cannot be changed.
    """
    try:
        connection: Connection = VALIDATE(snapshot, strict=True, context=NO_SECRET)
    except ValidationError:
        # Strictly it is read sooner; another release may have written otherwise.
        connection = VALIDATE(snapshot, context=NO_SECRET)
    return connection
