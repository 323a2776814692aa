"""What an id stands for: operators paste what a log line, a mail or another list shows them."""

import re
from contextlib import aclosing
from dataclasses import dataclass

from receiver.journal.history import Accepted, accepted
from receiver.journal.intake import MESSAGE_MEMORY
from receiver.journal.letters import Letters, Quarantined
from receiver.journal.states import read_works
from receiver.journal.store import Store, key
from receiver.journal.streams import newest_first

MARK = re.compile(r"\d+-\d+")


@dataclass(frozen=True, slots=True)
class Named:
    """A connection, or one piece of its work."""

    connection: str
    work: str = ""


Found = Accepted | Quarantined | Named


class Finder:
    """Looks ids up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._letters = Letters(store)

    async def find(self, name: str) -> Found | None:
        """An event by its mark or message, a message in the quarantine, a connection, or work by its name."""
        if MARK.fullmatch(name):
            return await self._event(name)
        if re.match(r"refresh:|deliver:[^:]+:", name):
            [work] = await read_works(self._store, [name])
            known = work.is_there and await self._is_connection(work.connection)
            return Named(work.connection, name) if known else None
        if (quarantined := await self._letters.quarantined(name)) is not None:
            return quarantined
        if await self._is_connection(name.lower()):
            return Named(name.lower())
        return await self._by_message(name)

    async def _event(self, mark: str) -> Accepted | None:
        entries = await self._store.redis.xrange(key("events"), mark, mark)
        return accepted(*entries[0]) if entries else None

    async def _is_connection(self, name: str) -> bool:
        return bool(await self._store.redis.exists(key("connection", name)))

    async def _by_message(self, message: str) -> Accepted | None:
        """Its newest event. After three days the message's id is remembered by its event only."""
        mark = await self._store.run("seen", message, MESSAGE_MEMORY)
        if mark is not None:
            return await self._event(mark)
        async with aclosing(newest_first(self._store, "events", "+", "-", message=message)) as pieces:
            async for piece in pieces:
                for event in (accepted(*entry) for entry in piece):
                    if event.message == message:
                        return event
        return None
