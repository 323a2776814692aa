"""The desk: brings companies up to date in a CRM, a batch at a time.

A delivery tells it of a company and waits. One batch is under way; what comes meanwhile gathers for the next,
so that two hundred connections of one company that break at once cost two writes, not two hundred.

The last write is right, though other processes write too: a company is read, written, and read again *after*
the write. If it reads otherwise by then, it is written again before anybody who waits is told that all is
well. So whichever write comes last was either followed by a look that found nothing new, or its delivery has
not ended and will be tried again; and what changes after that look brings a delivery of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from handlers.crm.crm import Answer, BusyError, Crm
from handlers.crm.figures import Customer, Standing, standing
from receiver.api import Connection

Look: TypeAlias = Callable[[], Awaitable[Sequence[Connection]]]


@dataclass(frozen=True, slots=True)
class Ask:
    """A delivery that wants a company brought up to date."""

    customer: Customer
    crm: Crm
    look: Look
    """The company's connections as they stand now, asked anew at each call."""
    former: str | None = None
    """An owner's address that may own nothing of it any more."""
    context: Context = field(default_factory=copy_context)
    """The delivery's: what goes by it, such as its turn under a rate, is to be that of one who waits."""
    answer: asyncio.Future[str | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Desk:
    """One for each CRM and process."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Ask]] = {}
        self._at_work: asyncio.Task[None] | None = None

    async def bring(self, ask: Ask) -> str | None:
        """Bring a company up to date with what its connections are at some moment after this call.

        What the CRM calls the record, as far as it said so. Raises what the CRM or the look raised for it.
        """
        self._waiting.setdefault(ask.customer.key, []).append(ask)
        if self._at_work is None or self._at_work.done():
            # A task of its own: a delivery that is given up must not take a batch of others with it.
            self._at_work = asyncio.create_task(self._work())
        return await ask.answer

    async def _work(self) -> None:
        while batch := self._take():
            leader = next(iter(batch.values()))[-1]
            try:
                await asyncio.create_task(self._serve(leader.crm, batch), context=leader.context)
            except Exception as error:  # noqa: BLE001 - goes to everybody who waits for it
                self._fail(batch, error)
            except asyncio.CancelledError:
                self._fail(batch, BusyError("the batch was broken off"))
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise

    def _fail(self, batch: dict[str, list[Ask]], error: Exception) -> None:
        _settle((ask for asks in batch.values() for ask in asks), error)

    def _take(self) -> dict[str, list[Ask]]:
        """The next batch, by key; without those who no longer wait."""
        open_asks = {
            key: [ask for ask in asks if not ask.answer.done()] for key, asks in self._waiting.items()
        }
        self._waiting = {key: asks for key, asks in open_asks.items() if asks}
        most = next((asks[-1].crm.most for asks in self._waiting.values()), 0)
        return {key: self._waiting.pop(key) for key in list(islice(self._waiting, most))}

    async def _serve(self, crm: Crm, batch: dict[str, list[Ask]]) -> None:
        before = await _stand(batch)
        found = [each for each in before.values() if isinstance(each, Standing)]
        answers = await crm.upsert(found) if found else []
        written = dict(zip((each.customer.key for each in found), answers, strict=True))
        after = await _stand(
            {key: batch[key] for key, each in written.items() if not isinstance(each, Exception)}
        )
        for key, asks in batch.items():
            self._conclude(asks, before[key], written.get(key), after.get(key))

    def _conclude(
        self,
        asks: list[Ask],
        before: Standing | Exception,
        written: Answer,
        after: Standing | Exception | None,
    ) -> None:
        failed = next((each for each in (before, written, after) if isinstance(each, Exception)), None)
        if failed is None and before != after:
            self._waiting[asks[0].customer.key] = asks + self._waiting.pop(asks[0].customer.key, [])
        else:
            _settle(asks, failed or written)


async def _stand(batch: dict[str, list[Ask]]) -> dict[str, Standing | Exception]:
    """How each company stands now, or why that cannot be told."""
    found = await asyncio.gather(*(_standing(asks) for asks in batch.values()))
    return dict(zip(batch, found, strict=True))


async def _standing(asks: list[Ask]) -> Standing | Exception:
    try:
        connections = await asks[-1].look()
    except Exception as error:  # noqa: BLE001 - of this company: the others go on
        return error
    return standing(asks[-1].customer, connections, {ask.former for ask in asks if ask.former})


def _settle(asks: Iterable[Ask], answer: Answer) -> None:
    for ask in asks:
        if ask.answer.done():
            continue
        if isinstance(answer, Exception):
            ask.answer.set_exception(answer)
        else:
            ask.answer.set_result(answer)
