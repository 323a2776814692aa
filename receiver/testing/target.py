"""A stand-in for a handler's target: answers requests, remembers them, and fails when it is told to."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel, JsonValue

from receiver.api import Handler
from receiver.rehearsal import Effect, Rehearsing, stand_in_of
from receiver.testing import troubles
from receiver.testing.answers import Answers, answering
from receiver.testing.troubles import Died, Trouble

_ILLEGAL = re.compile(rb"[\x00\r\n\f\v]|^[ \t]|[ \t]$")
"""What no header's value may hold: h11 would refuse to send it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request that a handler sent."""

    method: str
    url: str
    headers: httpx.Headers
    content: bytes
    status: int | None
    """What it was answered; None: nothing arrived."""
    taken: bool
    """The target did what it was asked, whether its answer arrived or not."""
    answer: bytes = b""
    """The body of the answer."""

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    @property
    def path(self) -> str:
        """The URL's path."""
        return httpx.URL(self.url).path


class FakeHTTP:
    """A handler's target, made up: `http=FakeHTTP({"POST /pages": {"id": "page-7"}})`.

    `answers`: a function from request to response; or a dict of canned answers by "METHOD /path" or "/path",
    `*` standing for any part of the path, where a list is answered in turn, its last again and again; or a
    list of canned answers in turn, whatever is asked for. A canned answer is an `httpx.Response`, a code, a
    JSON object, or an error to raise. None: everything that is asked for is done, and bears an id.
    """

    def __init__(self, answers: Answers | None = None) -> None:
        self.requests: list[SentRequest] = []
        """What was sent, oldest first; what was failed or not answered too."""
        self.effects: list[Effect] = []
        """All that would have been done outside: requests, and what went by `ctx.outside`."""
        self.mistake: Exception | None = None
        """What the answers themselves raised, if they did: the test's fault, not the handler's."""
        self.died = False
        """Whether the process died in the attempt at hand, as `die_after` told it to."""
        self.answers = answering(answers)
        """What answers while all is well."""
        self._troubles: list[Trouble] = []
        self._trouble: Trouble | None = None
        self._delay = 0.0
        self._lives: int | None = None
        self._client = Rehearsing(self._kept, self._answer).client()

    @classmethod
    def of(cls, handler: Handler[Any], options: BaseModel) -> "FakeHTTP":
        """The handler's own stand-in; where it has none, one that takes everything."""
        return cls(stand_in_of(handler, options))

    @property
    def client(self) -> httpx.AsyncClient:
        """For `ctx.http`. Needs no closing, and may be used in one event loop after another."""
        return self._client

    async def keep(self, kind: str, what: Mapping[str, JsonValue]) -> None:
        """Keep what goes by `ctx.outside` (as `receiver.api.Rehearsal`)."""
        trouble = await self._begin()
        if trouble is None or trouble.taken:
            self.effects.append(Effect(kind, what))
        if trouble is not None:
            raise trouble.outside
        self._happened()

    def fail_with(
        self,
        status: int,
        *,
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
        after: int = 0,
    ) -> None:
        """From now on answer `status`: `times` so often, `after` so many that go well."""
        self._troubles.append(troubles.answers(status, headers, times, after))

    def time_out(self, *, times: int | None = None, after: int = 0) -> None:
        """From now on time out, at once. The target has taken what it was sent: the sender cannot know."""
        self._troubles.append(troubles.times_out(times, after))

    def refuse(self, *, times: int | None = None, after: int = 0) -> None:
        """From now on refuse the connection."""
        self._troubles.append(troubles.refuses(times, after))

    def hang(self, *, times: int | None = None, after: int = 0) -> None:
        """From now on never answer."""
        self._troubles.append(troubles.hangs(times, after))

    def answer_after(self, seconds: float) -> None:
        """From now on take so long for each answer."""
        self._delay = seconds

    def die_after(self, effects: int) -> None:
        """In the next attempt the process dies after so many effects, before the last could be recorded."""
        self._lives = effects

    def recover(self) -> None:
        """From now on all is well."""
        self._troubles.clear()
        self._lives = None
        self._delay = 0.0

    def live(self) -> None:
        """An attempt begins: whoever died before is alive again."""
        self.died = False

    async def _kept(self, effect: Effect) -> None:
        self._trouble = await self._begin()
        if self._trouble is None or self._trouble.taken:
            self.effects.append(effect)

    async def _begin(self) -> Trouble | None:
        """Called before each effect; what befalls it."""
        if self.died:
            raise Died
        if self._delay:
            await asyncio.sleep(self._delay)
        met = [trouble for trouble in self._troubles if trouble.meets()]
        if met and met[0].endless:
            await asyncio.get_running_loop().create_future()
        return met[0] if met else None

    def _answer(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response | None = None
        try:
            response = self._respond(request, self._trouble)
        finally:
            self.requests.append(_sent(request, response, self._trouble))
        self._happened()
        return response

    def _respond(self, request: httpx.Request, trouble: Trouble | None) -> httpx.Response:
        _refuse_illegal_headers(request)
        if trouble is None:
            return self._asked(request)
        if trouble.taken:
            self._asked(request)
        return trouble.happens(request)

    def _asked(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self.answers(request)
            response.read()
            return response
        except (httpx.HTTPError, OSError):
            raise
        except Exception as error:
            error.add_note(f"raised by what answers {request.method} {request.url.host}{request.url.path}")
            self.mistake = self.mistake or error
            raise

    def _happened(self) -> None:
        """An effect is done, and whoever did it does not know yet."""
        if self._lives is None:
            return
        self._lives -= 1
        if self._lives <= 0:
            self._lives, self.died = None, True
            raise Died


def _refuse_illegal_headers(request: httpx.Request) -> None:
    for name, value in request.headers.raw:
        if _ILLEGAL.search(value):
            text = f"Illegal header value of {name.decode()!r}: it holds a line break or ends in a blank"
            raise httpx.LocalProtocolError(text, request=request)


def _sent(request: httpx.Request, response: httpx.Response | None, trouble: Trouble | None) -> SentRequest:
    went_well = response is not None and response.is_success
    return SentRequest(
        method=request.method,
        url=str(request.url),
        headers=request.headers,
        content=request.content,
        status=None if response is None else response.status_code,
        taken=went_well if trouble is None else trouble.taken,
        answer=b"" if response is None else response.content,
    )
