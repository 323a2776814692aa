"""Errors as problem documents (RFC 9457), and a start that fails with words."""

from http import HTTPStatus

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from receiver.web import create_app
from receiver.web.problems import HANDLERS, Problem

pytestmark = pytest.mark.anyio


async def answer_to(error: Exception) -> httpx.Response:
    """What is answered when an endpoint raises this."""

    async def broken(request: Request) -> Response:
        raise error

    app = Starlette(routes=[Route("/", broken)], exception_handlers=HANDLERS)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://router") as client:
        return await client.get("/")


@pytest.mark.parametrize("status", [400, 401, 404, 405, 408, 413, 415, 422, 503])
async def test_a_problem_is_answered_with_its_type_title_status_and_detail(status: int) -> None:
    answer = await answer_to(Problem(status, "Because."))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": "Because.",
    }


async def test_a_problem_carries_its_headers_and_its_errors_and_is_not_cached() -> None:
    errors = [{"location": "id", "reason": "is not there"}]
    answer = await answer_to(Problem(422, "Odd.", headers={"Retry-After": "7"}, errors=errors))
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["errors"] == errors


async def test_what_the_framework_raises_is_a_problem_too() -> None:
    answer = await answer_to(HTTPException(405, headers={"Allow": "POST"}))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["title"] == "Method Not Allowed"


async def test_promise_10_an_error_of_ours_says_nothing_of_what_is_inside() -> None:
    answer = await answer_to(KeyError("the-key-of-nectar"))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "Something went wrong here; the log says what."
    assert "the-key-of-nectar" not in answer.text


def test_a_start_with_settings_that_are_wrong_names_the_variables_and_not_their_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NECTAR_WEBHOOK_SECRET", "not-a-secret!")
    monkeypatch.setenv("MAX_BACKLOG", "many-of-them")
    with pytest.raises(SystemExit) as ended:
        create_app()
    said = str(ended.value.code)
    assert "\n" not in said
    assert said.startswith("The web process cannot start: ")
    assert "NECTAR_WEBHOOK_SECRET: " in said
    assert "MAX_BACKLOG: " in said
    assert "not-a-secret!" not in said
    assert "many-of-them" not in said
