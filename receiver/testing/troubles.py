"""What can befall a request, and what comes of it for whoever sent it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

REFUSED_BY_TARGET = (401, 403)


class Died(BaseException):
    """The process died here. No handler catches it, unless it catches everything."""


@dataclass(slots=True, kw_only=True)
class Trouble:
    """A trouble of the target's. Each effect outside meets it until it is over."""

    happens: Callable[[httpx.Request], httpx.Response]
    """To a request: raises, or answers."""
    outside: Exception
    """To what goes by `ctx.outside`."""
    taken: bool = False
    """The target takes what it was sent all the same."""
    endless: bool = False
    """Nothing ever happens."""
    times: int | None = None
    after: int = 0
    _met: int = field(default=0, init=False)

    def meets(self) -> bool:
        """Whether the effect at hand meets it; to be asked once for each."""
        self._met += 1
        return self._met > self.after and (self.times is None or self._met <= self.after + self.times)


def answers(status: int, headers: Mapping[str, str] | None, times: int | None, after: int) -> Trouble:
    """The target answers an error."""

    def happens(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=dict(headers or {}), json={"error": "made up"})

    text = f"the target answers {status}, as it was told to"
    outside = PermissionError(text) if status in REFUSED_BY_TARGET else ConnectionError(text)
    return Trouble(happens=happens, outside=outside, times=times, after=after)


def times_out(times: int | None, after: int) -> Trouble:
    """The target takes it, and its answer does not arrive."""

    def happens(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("timed out, as it was told to", request=request)

    outside = TimeoutError("timed out, as it was told to")
    return Trouble(happens=happens, outside=outside, taken=True, times=times, after=after)


def refuses(times: int | None, after: int) -> Trouble:
    """Nobody listens there."""

    def happens(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused, as it was told to", request=request)

    outside = ConnectionRefusedError("connection refused, as it was told to")
    return Trouble(happens=happens, outside=outside, times=times, after=after)


def hangs(times: int | None, after: int) -> Trouble:
    """The target takes it and never answers."""
    trouble = times_out(times, after)
    trouble.endless = True
    return trouble
