"""Connections to Redis whose commands are packed by hiredis.

redis-py's asyncio connections read by it, but pack in Python, each argument by itself: three times the work,
for calls that have hundreds of arguments. (Its other connections use hiredis for both.)
"""

from typing import TYPE_CHECKING, Any

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, parse_url

if TYPE_CHECKING:
    Base = AbstractConnection
else:
    Base = object


class Packing(Base):
    """Before one of redis-py's connections, whichever kind the URL asks for."""

    def pack_command(self, *arguments: Any) -> list[bytes]:
        """The command as it goes over the wire. Its name may be two words, as in `SCRIPT LOAD`."""
        name, *others = arguments
        try:
            return [hiredis.pack_command((*name.split(), *others))]
        except UnicodeEncodeError:
            # Half a character: the connection's `encoding_errors` says what becomes of it.
            packed: list[bytes] = super().pack_command(*arguments)
            return packed


def packing_connection(redis_url: str, **options: Any) -> AbstractConnection:
    """A connection over a URL as redis-py reads it. Connects when first used."""
    asked: dict[str, Any] = {**options, **parse_url(redis_url)}
    kind = asked.pop("connection_class", Connection)
    made: AbstractConnection = type(f"Packing{kind.__name__}", (Packing, kind), {})(**asked)
    return made
