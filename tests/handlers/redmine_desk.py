"""The Redmine handler run against its stand-in, over as many attempts as a test likes."""

import copy
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import JsonValue

from handlers.redmine import Options, redmine
from handlers.redmine.stand_in import StandIn
from receiver.api import Outcome, Rejected, RetryLater
from receiver.testing import MemorySteps, make_change, make_connection, make_context

REQUIRED = {"url": "https://redmine.example.com/at/work", "api_key": "made-up-key", "project": "utilities"}


def options(**more: Any) -> Options:
    """Options that name what is asked for."""
    return Options.model_validate({**REQUIRED, **more})


@dataclass
class RedmineDesk:
    """A handler, its memory, and a Redmine in memory that can be made to answer otherwise."""

    options: Options = field(default_factory=options)
    memory: dict[str, JsonValue] = field(default_factory=dict)
    steps: MemorySteps = field(default_factory=MemorySteps)
    """They live until the handler succeeds."""
    requests: list[httpx.Request] = field(default_factory=list)
    instead: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    """By method and end of the path: what is answered once, in Redmine's stead."""
    stand_in: StandIn = field(init=False)

    def __post_init__(self) -> None:
        self.stand_in = StandIn(self.options)

    def client(self) -> httpx.AsyncClient:
        """As `ctx.http`."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def show(self, status: str, **fields: Any) -> Outcome:
        """Show the handler a status; what it keeps in memory is kept, also when it fails."""
        memory = copy.deepcopy(self.memory)
        ctx = make_context(self.options, memory=memory, http=self.client(), steps=self.steps)
        try:
            outcome = await redmine(make_change(make_connection(status, **fields)), ctx)
        finally:
            self.memory = memory
        if not isinstance(outcome, Rejected | RetryLater):
            self.steps = MemorySteps()
        return outcome

    async def check(self) -> str:
        """The preflight."""
        assert redmine.check is not None
        return await redmine.check(self.options, self.client())

    @property
    def issue(self) -> dict[str, Any]:
        """The one issue there is."""
        [issue] = self.stand_in.issues.values()
        return issue

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        for (method, end), answer in self.instead.items():
            if request.method == method and request.url.path.endswith(end):
                del self.instead[method, end]
                answer.request = request
                return answer
        return self.stand_in(request)
