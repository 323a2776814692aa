"""An answer goes out in one write."""

import asyncio
from typing import cast

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from receiver.web.joined import Joined


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """As uvloop: nothing is no write."""
        if data:
            self.written.append(bytes(data))

    def is_closing(self) -> bool:
        """Whether somebody has closed it."""
        return self.closed

    def close(self) -> None:
        """Nothing comes after this."""
        self.closed = True


class Request:
    """As much of uvicorn's as tells whether its answer has begun."""

    response_started = False


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def joined(wire: Wire) -> Joined:
    """With an answer that has begun, and nothing of it written."""
    transport, asked = Joined(wire), Request()
    transport.expect(cast(RequestResponseCycle, asked))
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    asked.response_started = True
    return transport


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def test_what_comes_before_the_answer_does_not_wait(joined: Joined, wire: Wire) -> None:
    assert wire.written == [CONTINUE]


def test_a_head_waits_for_its_body_and_what_comes_then_does_not(joined: Joined, wire: Wire) -> None:
    joined.write(b"head ")
    assert wire.written == [CONTINUE]
    joined.write(b"body")
    joined.write(b"more")
    assert wire.written == [CONTINUE, b"head body", b"more"]


def test_an_empty_body_is_one_too(joined: Joined, wire: Wire) -> None:
    joined.write(b"head")
    joined.write(b"")
    assert wire.written == [CONTINUE, b"head"]


def test_a_head_without_a_body_goes_out_when_the_answer_is_complete_and_only_once(
    joined: Joined, wire: Wire
) -> None:
    joined.write(b"head")
    joined.flush()
    joined.flush()
    joined.close()
    assert wire.written == [CONTINUE, b"head"]


def test_nothing_is_lost_by_closing(joined: Joined, wire: Wire) -> None:
    joined.write(b"head")
    joined.close()
    assert wire.written == [CONTINUE, b"head"]
    assert joined.is_closing()


def test_nothing_is_written_to_somebody_who_has_gone(joined: Joined, wire: Wire) -> None:
    joined.write(b"head")
    wire.closed = True
    joined.close()
    assert wire.written == [CONTINUE]
