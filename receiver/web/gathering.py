"""Requests that wait at the same time share one atomic write.

The cost of a write is redis-py's work for each call, not the way to Redis and back: so one batch is under
way, and whoever comes meanwhile is in the next. Alone, a request waits for nobody.
"""

import asyncio

from receiver.journal import Intake, Message, Receipt

MOST = 256
"""Messages in one write: a script of some milliseconds, in which Redis does nothing else."""


class Gathering:
    """Accepts messages in batches."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._waiting: list[tuple[Message, asyncio.Future[Receipt]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def accept(self, message: Message) -> Receipt:
        """What became of the message, once it is written. Raises what the write raised.

        When the write fails, each of its messages fails: written, but the answer lost, is harmless, since
        what is sent again is then a duplicate.
        """
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, receipt))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await receipt

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._write_batch(batch)
        finally:
            self._writing = None

    async def _write_batch(self, batch: list[tuple[Message, asyncio.Future[Receipt]]]) -> None:
        try:
            receipts = await self._intake.accept([message for message, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait
            for _, waiting in batch:
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for (_, waiting), receipt in zip(batch, receipts, strict=True):
            # Whoever asked may have gone meanwhile.
            if not waiting.done():
                waiting.set_result(receipt)
