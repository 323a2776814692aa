"""Taking messages in: what is acknowledged is in here first."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from receiver.journal.fetches import FETCH_INTERVAL
from receiver.journal.store import Store, compact

MESSAGE_MEMORY = 72 * 3600
"""Seconds for which the id of a message is remembered, so that its redelivery is not run again."""


class Reception(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    OVERLOADED = "overloaded"


RECEPTIONS = {str(each): each for each in Reception}
"""By the script's word. (The class itself takes as long as its answer took to read.)"""


class Message(NamedTuple):
    """A verified and validated webhook."""

    id: str
    type: str
    connection: str
    payload: bytes
    """The body, without secrets."""
    flags: Mapping[str, Sequence[str]] = {}
    """Values outside Nectar's closed lists, by field."""


class Receipt(NamedTuple):
    """What became of a message, and the id of its event in the journal."""

    reception: Reception
    event: str


class Intake:
    """The journal as the webhook endpoint sees it."""

    def __init__(
        self,
        store: Store,
        max_backlog: int,
        fetch_interval: float = FETCH_INTERVAL,
        memory: int = MESSAGE_MEMORY,
    ) -> None:
        self._store = store
        self._limits = (max_backlog, memory, int(fetch_interval * 1000))

    async def accept(self, message: Message) -> Receipt:
        """Deduplicate, record, and ask for a fetch of the connection, in one atomic write."""
        flags = compact(message.flags) if message.flags else ""
        word, event = await self._store.run(
            "accept", *self._limits, message.id, message.type, message.connection, message.payload, flags
        )
        return Receipt(RECEPTIONS[word], event)

    async def quarantine(self, message_id: str, payload: bytes, errors: object) -> None:
        """Keep an authentic message that does not fit the schema, to be validated anew later."""
        await self._store.run("quarantine", message_id, payload, compact(errors))
