"""Requests that wait at the same time share one write."""

import asyncio
from collections.abc import Sequence

import pytest

from receiver.journal import Intake, Message, Receipt, Reception
from receiver.web.gathering import MOST, Gathering

pytestmark = pytest.mark.anyio


class SlowIntake(Intake):
    """Notes its batches; the first write waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = asyncio.Event()
        self.fails = False

    async def accept(self, messages: Sequence[Message]) -> list[Receipt]:
        self.batches.append([message.id for message in messages])
        await self.go.wait()
        if self.fails:
            raise ConnectionError("Redis is away")
        return [Receipt(Reception.ACCEPTED, f"event of {message.id}") for message in messages]


def message(name: str) -> Message:
    return Message(name, "connection.updated.v2", "a connection", b"{}")


async def begin(gathering: Gathering, *names: str) -> list[asyncio.Task[Receipt]]:
    tasks = [asyncio.create_task(gathering.accept(message(name))) for name in names]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_a_write_is_under_way_is_in_the_next_one() -> None:
    """And each is told of its own message."""
    intake = SlowIntake()
    gathering = Gathering(intake)
    tasks = [*await begin(gathering, "first"), *await begin(gathering, "second", "third")]
    intake.go.set()
    receipts = await asyncio.gather(*tasks)
    assert intake.batches == [["first"], ["second", "third"]]
    assert [receipt.event for receipt in receipts] == ["event of first", "event of second", "event of third"]


async def test_a_write_that_fails_fails_for_each_of_its_messages_and_for_no_other() -> None:
    intake = SlowIntake()
    gathering = Gathering(intake)
    failing = await begin(gathering, "first")
    intake.fails = True
    intake.go.set()
    async with asyncio.timeout(10):
        [error] = await asyncio.gather(*failing, return_exceptions=True)
    assert isinstance(error, ConnectionError)
    intake.fails = False
    [receipt] = await asyncio.gather(*await begin(gathering, "second"))
    assert receipt.event == "event of second"


async def test_who_has_gone_meanwhile_disturbs_nobody() -> None:
    intake = SlowIntake()
    gathering = Gathering(intake)
    gone, *rest = [*await begin(gathering, "first"), *await begin(gathering, "second")]
    gone.cancel()
    intake.go.set()
    assert (await asyncio.gather(*rest))[0].event == "event of second"


async def test_a_batch_has_its_limit() -> None:
    intake = SlowIntake()
    gathering = Gathering(intake)
    tasks = await begin(gathering, *(str(number) for number in range(MOST + 10)))
    intake.go.set()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in intake.batches] == [MOST, 10]
