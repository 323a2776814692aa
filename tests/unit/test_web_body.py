"""Reading a body: whole or in parts, at once or later, within its limits."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive

from receiver.web.body import LARGEST, read
from receiver.web.problems import Problem

pytestmark = pytest.mark.anyio

GONE: Message = {"type": "http.disconnect"}


def part(body: bytes = b"", more: bool = False) -> Message:
    """A part of a body as a server tells it."""
    return {"type": "http.request", "body": body, "more_body": more}


def telling(messages: Iterable[Message], *, late: bool = False) -> Receive:
    """A server that tells these, each at once or after a while, and then nothing any more."""
    coming = iter(messages)

    async def receive() -> Message:
        if late:
            await asyncio.sleep(0.001)
        for message in coming:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    return receive


async def refusal(messages: Iterable[Message], *, late: bool = False) -> Problem:
    """Why the body is refused."""
    with pytest.raises(Problem) as refused:
        await read(telling(messages, late=late), slowest=0.1)
    return refused.value


@pytest.mark.parametrize("late", [False, True])
async def test_a_body_is_the_same_whole_or_in_parts_at_once_or_later(late: bool) -> None:
    for parts in (
        [part(b"abc")],
        [part(b"a", True), part(b"", True), part(b"bc")],
        [part(b"abc", True), part()],
    ):
        assert await read(telling(parts, late=late)) == b"abc"


async def test_no_body_is_an_empty_one() -> None:
    assert await read(telling([{"type": "http.request"}])) == b""


@pytest.mark.parametrize("begun", [[], [part(b"a", True)]], ids=["nothing", "half of it"])
async def test_a_body_that_does_not_come_is_refused_408(begun: list[Message]) -> None:
    problem = await refusal(begun)
    assert (problem.status, problem.headers) == (408, {"Connection": "close"})


@pytest.mark.parametrize("begun", [[], [part(b"a", True)]], ids=["nothing", "half of it"])
@pytest.mark.parametrize("late", [False, True])
async def test_a_sender_that_goes_before_the_end_is_refused_400(begun: list[Message], late: bool) -> None:
    problem = await refusal([*begun, GONE], late=late)
    assert (problem.status, problem.detail) == (400, "The connection ended before the body did.")


async def test_one_byte_beyond_the_limit_is_refused_413_without_waiting_for_the_end() -> None:
    assert len(await read(telling([part(b"x" * LARGEST)]))) == LARGEST
    assert (await refusal([part(b"x" * LARGEST, True), part(b"x", True)])).status == 413
    assert (await refusal([part(b"x" * (LARGEST + 1), True)])).status == 413


async def test_what_was_asked_for_too_early_is_not_lost() -> None:
    """The first look does not wait; a server that had nothing by then is asked again."""
    queue: asyncio.Queue[Message] = asyncio.Queue()
    reading = asyncio.create_task(read(queue.get))
    await asyncio.sleep(0)
    queue.put_nowait(part(b"a", True))
    await asyncio.sleep(0)
    queue.put_nowait(part(b"b"))
    assert await reading == b"ab"
