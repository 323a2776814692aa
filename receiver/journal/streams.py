"""Walks along the journal's streams: piece by piece, so that memory stays the same however long they are."""

from collections.abc import AsyncGenerator

from receiver.journal.store import Store, pairs

PIECE = 250
"""Entries that Redis looks through at a time, answering nobody else: each may have a large payload."""

Entry = tuple[str, dict[str, str]]
"""Its id, and its fields but for the payload."""
Walk = AsyncGenerator[list[Entry], None]


def newest_first(store: Store, stream: str, newest: str, oldest: str, **fields: str) -> Walk:
    """The entries between these ids whose fields are, or after a colon end with, what is said; empty: any."""
    return _walk(store, "XREVRANGE", stream, newest, oldest, fields)


def oldest_first(store: Store, stream: str, oldest: str, newest: str, **fields: str) -> Walk:
    """The same from the other end."""
    return _walk(store, "XRANGE", stream, oldest, newest, fields)


async def _walk(
    store: Store, command: str, stream: str, first: str, last: str, fields: dict[str, str]
) -> Walk:
    asked = [part for name, value in fields.items() if value for part in (name, value)]
    while first:
        reached, entries = await store.run("select", command, stream, first, last, PIECE, *asked)
        yield [(entry, pairs(flat)) for entry, flat in entries]
        first = reached and f"({reached}"


def order(mark: str) -> tuple[int, int]:
    """Marks in order: newer is greater, and no mark at all is older than any."""
    milliseconds, _, sequence = mark.partition("-")
    return int(milliseconds or 0), int(sequence or 0)
