"""Errors as RFC 9457 problem documents."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """What is wrong with a request, and what it is answered."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.errors = errors

    def response(self) -> Response:
        """The problem document."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = list(self.errors)
        headers = {"Cache-Control": "no-store", **self.headers}
        return JSONResponse(body, self.status, headers, media_type="application/problem+json")


def fault() -> Response:
    """The answer to an error of ours. It says nothing of what is inside; the log does."""
    return Problem(500, "Something went wrong here; the log says what.").response()


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a Problem that an endpoint raised."""
    assert isinstance(error, Problem)
    return error.response()


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what Starlette raises: 404, 405."""
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, error.detail, headers=error.headers).response()


async def on_error(request: Request, error: Exception) -> Response:
    """Answer an error of ours."""
    return fault()


HANDLERS = {Problem: on_problem, HTTPException: on_http_exception, Exception: on_error}
