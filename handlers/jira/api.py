"""Jira's REST API: requests, and what its refusals mean.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/
https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

import httpx

from handlers.jira.options import Options
from handlers.ticketing import RefusedError

Json: TypeAlias = dict[str, Any]

PATIENCE = 30.0
"""Seconds that Jira may take over one request. Longer than usual: an issue whose answer was not waited for
may come to be after it has been searched for."""
LONGEST_REASON = 300
NOT_LOGGED_IN = {"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"}
"""Jira goes on as if nobody had logged in, so that everything seems to be gone; this header tells."""


class BusyError(Exception):
    """Jira cannot do it for the moment: to be tried again."""


class InvalidError(RefusedError):
    """Jira refuses what was sent."""

    def __init__(self, reasons: str, fields: Mapping[str, str]) -> None:
        super().__init__(f"Jira does not take this: {reasons[:LONGEST_REASON]}")
        self.fields = fields
        """What it says about single fields, by their names."""


class Api:
    """Jira as one user sees it."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._base = f"{options.base}/rest/api/3"
        self._auth = httpx.BasicAuth(options.email, options.token.get_secret_value())
        self._http = http

    async def get(self, path: str, **params: str) -> Json:
        """What is there. Raises httpx.HTTPStatusError, PermissionError, RefusedError, ValueError."""
        return _json(_checked(await self._send("GET", path, params=params)))

    async def get_if_there(self, path: str, **params: str) -> Json | None:
        """What is there; None when it is not, or not for us."""
        reply = await self._send("GET", path, params=params)
        if reply.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            # Raises when it is not this one thing but the token that is refused.
            await self.get("myself")
            return None
        return _json(_checked(reply))

    async def post(self, path: str, content: Json) -> Json:
        """Do it; what comes of it."""
        reply = _checked(await self._send("POST", path, json=content))
        return _json(reply) if reply.content else {}

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"Accept": "application/json"}
        url = f"{self._base}/{path}"
        return await self._http.request(
            method, url, headers=headers, auth=self._auth, timeout=PATIENCE, **content
        )


def _checked(reply: httpx.Response) -> httpx.Response:
    if reply.is_redirect:
        raise PermissionError(f"JIRA_URL: {reply.url.host} leads elsewhere; set where it leads to")
    refused = reply.headers.get("x-seraph-loginreason", "") in NOT_LOGGED_IN
    if refused or reply.status_code == HTTPStatus.UNAUTHORIZED:
        raise PermissionError("JIRA_EMAIL and JIRA_TOKEN: Jira does not take them, or no longer")
    if reply.status_code == HTTPStatus.CONFLICT:
        raise BusyError("Jira answered 409: the issue is being changed by somebody else")
    if reply.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
        raise _invalid(reply)
    return reply.raise_for_status()


def _invalid(reply: httpx.Response) -> InvalidError:
    answer = _json(reply)
    errors = answer.get("errors")
    fields = {str(name): str(said) for name, said in errors.items()} if isinstance(errors, dict) else {}
    said = [
        *map(str, answer.get("errorMessages") or []),
        *(f"{name}: {text}" for name, text in fields.items()),
    ]
    return InvalidError("; ".join(said) or "it does not say why", fields)


def _json(reply: httpx.Response) -> Json:
    try:
        content = reply.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"{reply.url.host} answered something that is not Jira's JSON; check JIRA_URL")
    return content
