"""What the engine asks of a CRM, and how one says that something could not be written."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from handlers.crm.figures import Standing

Answer: TypeAlias = str | Exception | None
"""What the CRM calls the record, as far as it said so; or why it could not be brought up to date."""


class RefusedError(Exception):
    """The CRM will never take this; the text says what is to be done, without personal data."""


class MissingError(Exception):
    """The CRM has no such record, and none is to be made."""


class BusyError(ConnectionError):
    """The CRM takes nothing now, and says so otherwise than by 429 or 5xx: to be tried again."""


class Crm(Protocol):
    """Brings companies' records up to date. To be told the same twice changes nothing."""

    most: int
    """Companies at a time."""

    async def upsert(self, standings: Sequence[Standing]) -> Sequence[Answer]:
        """An answer for each. Raises when nothing could be written at all."""


async def one_by_one(
    standings: Sequence[Standing], write: Callable[[Standing], Awaitable[str | None]], at_once: int = 5
) -> list[Answer]:
    """An answer for each, by a call for each, so many `at_once`."""
    slots = asyncio.Semaphore(at_once)

    async def answer(standing: Standing) -> Answer:
        async with slots:
            try:
                return await write(standing)
            except Exception as error:  # noqa: BLE001 - it is the answer: of this one, not of the others
                return error

    return await asyncio.gather(*(answer(standing) for standing in standings))
