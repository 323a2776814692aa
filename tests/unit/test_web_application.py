"""The short way past Starlette's middleware: what it leaves out, its endpoint does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from receiver.journal import Intake, Message, Observatory, Receipt, connect
from receiver.web.admission import Admission
from receiver.web.application import WEBHOOKS, Application
from receiver.web.counting import Counting
from receiver.web.problems import HANDLERS
from receiver.web.webhook import WebhookEndpoint

pytestmark = pytest.mark.anyio

INSIDE = "the-key-of-nectar"
BODY = b'{"id":"0b0d7c1e-6a0f-4a52-9a3c-5d1f6c7e8a90"}'
JSON = {"content-type": "application/json"}


class Broken(Intake):
    """Has a mistake of ours."""

    async def accept(self, message: Message) -> Receipt:
        """Never."""
        raise KeyError(INSIDE)


@asynccontextmanager
async def endpoint() -> AsyncIterator[WebhookEndpoint]:
    """The endpoint over a journal with a mistake."""
    store = connect("redis://127.0.0.1:1")
    observatory = Observatory(store)
    yield WebhookEndpoint(
        Broken(store, 1), Admission(observatory, 1), Counting(observatory), verifier=None, allow_unsigned=True
    )
    await store.close()


@asynccontextmanager
async def nothing(app: Starlette) -> AsyncIterator[None]:
    """Nothing to start, nothing to stop."""
    yield


def application(webhook: ASGIApp) -> Application:
    """The application with this endpoint and no pages."""
    return Application(webhook, [], HANDLERS, nothing)


async def post(app: ASGIApp, path: str = WEBHOOKS, *, raising: bool = False) -> httpx.Response:
    """What a message is answered."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=raising)
    async with httpx.AsyncClient(transport=transport, base_url="http://router") as client:
        return await client.post(path, content=BODY, headers=JSON)


async def test_promise_10_an_error_of_ours_is_a_problem_that_says_nothing_and_goes_up_to_the_log() -> None:
    async with endpoint() as broken:
        app = application(broken)
        answer = await post(app)
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "Something went wrong here; the log says what."
        assert INSIDE not in answer.text
        with pytest.raises(KeyError, match=INSIDE):
            await post(app, raising=True)


async def test_with_starlette_s_stack_around_it_the_endpoint_answers_the_same() -> None:
    async with endpoint() as broken:
        app = application(broken)
        app.add_middleware(BaseHTTPMiddleware, dispatch=stamped)
        assert (await post(app)).status_code == 500


async def stamped(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """A middleware that somebody added."""
    answer = await call_next(request)
    answer.headers["x-stamp"] = "seen"
    return answer


async def test_middleware_that_somebody_adds_sees_webhooks_too() -> None:
    app = application(PlainTextResponse("taken"))
    app.add_middleware(BaseHTTPMiddleware, dispatch=stamped)
    answer = await post(app)
    assert (answer.text, answer.headers["x-stamp"]) == ("taken", "seen")


@pytest.mark.parametrize("path", ["/", f"{WEBHOOKS}/", "/webhooks"])
async def test_only_the_path_itself_is_short(path: str) -> None:
    assert (await post(application(PlainTextResponse("taken")), path)).status_code == 404
