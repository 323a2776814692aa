"""Trips to Redis: calls of the journal's scripts that wait at the same time share one."""

import asyncio
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any, Protocol

from redis import exceptions

from receiver.queue import RING

MOST_AT_ONCE = 32
"""Calls in one trip: a millisecond of Redis. With more the two wait for each other: while Redis is at all
there is, nobody is left to be answered here, and then Redis has nothing to do."""

ALL = """
local transitions = {}
%s
local answers, at = {}, 1
while at <= #ARGV do
  local first, next_call = at + 2, at + 2 + tonumber(ARGV[at + 1])
  local well, answer = pcall(transitions[ARGV[at]], {unpack(ARGV, first, next_call - 1)})
  if not well and type(answer) ~= 'table' then answer = {err = 'ERR ' .. tostring(answer)} end
  answers[#answers + 1] = answer or false
  at = next_call
end
write_gathered()
return answers
"""
"""Around the scripts, which to Redis are one. A call: the script's name, how many arguments, and these."""

Argument = str | bytes | float
Call = tuple[str, tuple[Argument, ...], asyncio.Future[Any]]


class Script(Protocol):
    """`SCRIPT`, where Redis runs it."""

    async def __call__(self, arguments: Sequence[Argument], /) -> list[Any]:
        """Its answer. Raises RedisError."""

    async def close(self) -> None:
        """Let go of Redis."""


class Trips:
    """Takes calls to Redis and brings the answers.

    The cost is this process's work for each trip, not the way there and back. One trip is under way, and who
    comes meanwhile is in the next, whatever script it calls; alone, a call waits for nobody.
    """

    def __init__(self, script: Script, longest: float) -> None:
        """`longest`: seconds until a trip is given up."""
        self._script = script
        self._longest = longest
        self._waiting: list[Call] = []
        self._under_way: asyncio.Task[None] | None = None

    def call(self, script: str, arguments: tuple[Argument, ...]) -> asyncio.Future[Any]:
        """The script's answer, or the RedisError instead of one."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((script, arguments, answer))
        if self._under_way is None:
            self._under_way = loop.create_task(self._travel())
        return answer

    async def _travel(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                _hand_out(together, await self._answers(together))
        finally:
            self._under_way = None

    async def _answers(self, calls: Sequence[Call]) -> Sequence[Any]:
        parts = [part for script, arguments, _ in calls for part in (script, len(arguments), *arguments)]
        try:
            async with asyncio.timeout(self._longest):
                return await self._script(parts)
        except TimeoutError:
            return [exceptions.TimeoutError(f"no answer within {self._longest:g} seconds")] * len(calls)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait
            return [error] * len(calls)


def _hand_out(calls: Sequence[Call], answers: Sequence[Any]) -> None:
    for (_, _, waiting), answer in zip(calls, answers, strict=True):
        if waiting.done():
            continue  # whoever asked has gone meanwhile
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)


def _script() -> str:
    journal = files(__package__)
    shared = (RING, *((journal / part).read_text() for part in ("breaker.lua", "begin.lua", "seen.lua")))
    return "".join((*shared, ALL % "".join(_transitions())))


def _transitions() -> Iterator[str]:
    for script in sorted((files(__package__) / "scripts").iterdir(), key=lambda each: each.name):
        if script.name.endswith(".lua"):
            name = script.name.removesuffix(".lua")
            yield f"transitions.{name} = function(ARGV)\n{script.read_text()}\nend\n"


SCRIPT = _script()
"""All transitions, and what they have in common."""
