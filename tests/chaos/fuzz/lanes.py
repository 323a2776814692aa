"""The senders: each has one connection at a time, sends one or more requests on it, and reads the answers."""

import asyncio
import random
from collections.abc import Sequence

from tests.chaos.fuzz.grammar import Grammar
from tests.chaos.fuzz.shots import Shot
from tests.chaos.fuzz.tally import Tally
from tests.chaos.fuzz.wire import Wire

A_FEW, A_FLOOD = 8, 300
"""Requests that are sent in one go."""
PATIENCE = 30.0
A_MOMENT = 0.05
"""Seconds for an answer to what may call for none."""


class Lane:
    """One sender."""

    def __init__(self, port: int, seed: int, number: int, tally: Tally) -> None:
        self._port = port
        self._chance = random.Random(f"lane {seed} {number}")
        self._grammar = Grammar(seed, number)
        self._tally = tally
        self._wire: Wire | None = None

    async def run(self, requests: int) -> None:
        """Send so many."""
        left = requests
        while left > 0:
            volley = self._volley(left)
            left -= len(volley)
            await self._send(volley)
        if self._wire is not None:
            self._wire.close()

    def _volley(self, most: int) -> list[Shot]:
        """Requests that are sent in one go. Nothing follows one by which the connection ends."""
        kind = self._chance.random()
        at_once = 1 if kind < 0.7 else self._chance.randint(2, A_FEW) if kind < 0.9995 else A_FLOOD
        volley: list[Shot] = []
        while len(volley) < min(at_once, most):
            shot = self._grammar.shot()
            if shot.garbage and volley:
                # What was sent before it might go unanswered.
                continue
            volley.append(shot)
            if shot.last:
                break
        return volley

    async def _send(self, volley: Sequence[Shot]) -> None:
        wire = await self._connected()
        for shot in volley:
            self._tally.send(shot)
        data = b"".join(shot.data for shot in volley)
        manner = self._chance.random()
        if manner < 0.02:
            await self._break_off(wire, volley, data)
            return
        if manner < 0.12:
            await self._send_in_pieces(wire, data)
        else:
            wire.send(data)
        try:
            async with asyncio.timeout(A_MOMENT if volley[0].garbage else PATIENCE):
                await self._read(wire, volley)
        except TimeoutError:
            self._tally.silent(volley[-1])
            wire.abort()
            await wire.end()

    async def _connected(self) -> Wire:
        if self._wire is None or self._wire.ended:
            _, self._wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", self._port)
            self._tally.connections += 1
        return self._wire

    async def _break_off(self, wire: Wire, volley: Sequence[Shot], data: bytes) -> None:
        """Go away in the middle, or before the answers."""
        whole = self._chance.random() < 0.5
        wire.send(data if whole else data[: int(self._chance.random() * len(data))])
        await asyncio.sleep(self._chance.choice((0, 0, 0.002)))
        (wire.abort if self._chance.random() < 0.5 else wire.close)()
        self._tally.cut_off += len(volley)
        await wire.end()

    async def _send_in_pieces(self, wire: Wire, data: bytes) -> None:
        places = sorted(int(self._chance.random() * len(data)) for _ in range(self._chance.randint(1, 4)))
        for start, end in zip([0, *places], [*places, len(data)], strict=True):
            wire.send(data[start:end])
            await asyncio.sleep(self._chance.choice((0, 0.001)))

    async def _read(self, wire: Wire, volley: Sequence[Shot]) -> None:
        for shot in volley:
            answer = await wire.answer(to_head=shot.to_head)
            if answer is None:
                self._tally.silent(shot)
                continue
            is_new = self._tally.judge(shot, answer)
            if shot.body and is_new:
                self._grammar.learn(shot.body)
            if answer.status == 202:
                self._grammar.accepted(shot.message)
        last = volley[-1]
        if last.garbage:
            wire.abort()
            await wire.end()
        elif last.last:
            await self._ending(wire, last)

    async def _ending(self, wire: Wire, shot: Shot) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await wire.end()
        except TimeoutError:
            self._tally.stays_open(shot)
            wire.abort()
