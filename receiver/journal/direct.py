"""A script on a connection of its own, without redis-py's client in between.

The connection is redis-py's, with all that it knows of TLS, logins, decoding and errors. The client that
stands before it, with its locks, retries and options, takes as long again.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError, NoScriptError  # noqa: A004 - redis-py's, on purpose

from receiver.journal.packing import packing_connection


class DirectScript:
    """`await script(arguments)` is its answer.

    It is the caller who sees to it that there is one call at a time, and that it does not last for ever.
    """

    def __init__(self, connection: AbstractConnection, source: str) -> None:
        self._connection = connection
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, arguments: Sequence[str | bytes | float]) -> list[Any]:
        """The answer. Raises RedisError. May be sent twice."""
        try:
            return await self._run(arguments)
        except ConnectionError:
            # One that was idle may have been closed by the other side, which is found out only now.
            await self._connection.disconnect(nowait=True)
            return await self._run(arguments)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.disconnect()

    async def _run(self, arguments: Sequence[str | bytes | float]) -> list[Any]:
        try:
            answer: list[Any] = await self._send("EVALSHA", self._digest, 0, *arguments)
        except NoScriptError:
            # A Redis that has been started anew knows none.
            await self._send("SCRIPT LOAD", self._source)
            answer = await self._send("EVALSHA", self._digest, 0, *arguments)
        return answer

    async def _send(self, *command: str | bytes | float) -> Any:
        packed = self._connection.pack_command(*command)
        await self._connection.send_packed_command(packed, check_health=False)
        return await self._connection.read_response()


def direct_script(redis_url: str, source: str, **options: Any) -> DirectScript:
    """A script over a URL as redis-py reads it. Connects when first called."""
    return DirectScript(packing_connection(redis_url, **options), source)
