"""Senders of a byte a second: each is waited for so long, and then answered 408."""

import asyncio

from tests.chaos.fuzz.shots import JSON, Shot, request
from tests.chaos.fuzz.tally import Tally
from tests.chaos.fuzz.wire import Wire

WHOLE = request([JSON, (b"x-padding", b"x" * 100)], b'{"id":"' + b"x" * 100)
BODY = WHOLE.index(b"\r\n\r\n") + 4


async def dawdle(port: int, tally: Tally, stop: asyncio.Event, *, head: bool) -> None:
    """Send the head, or else the body, a byte a second; over and over until told to stop."""
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        _, wire = await loop.create_connection(Wire, "127.0.0.1", port)
        tally.connections += 1
        begin = 20 if head else BODY
        shot = Shot("a byte a second", WHOLE, frozenset({408}), last=True)
        tally.send(shot)
        wire.send(WHOLE[:begin])
        trickling = asyncio.create_task(_trickle(wire, WHOLE[begin:]))
        answer = await wire.answer()
        if answer is None:
            tally.silent(shot)
        else:
            tally.judge(shot, answer)
            await wire.end()
        trickling.cancel()


async def _trickle(wire: Wire, data: bytes) -> None:
    for byte in data:
        await asyncio.sleep(1)
        wire.send(bytes([byte]))
