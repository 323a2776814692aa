"""Zendesk's ticketing API: requests, and what its refusals mean.

https://developer.zendesk.com/api-reference/ticketing/introduction/
https://developer.zendesk.com/api-reference/introduction/requests/
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, TypeAlias

import httpx

from handlers.ticketing import RefusedError
from handlers.zendesk.options import Options

Json: TypeAlias = dict[str, Any]

PATIENCE = 30.0
"""Seconds that Zendesk may take over one request. Longer than usual: a ticket whose answer was not waited for
may come to be after it has been searched for."""
LONGEST_REASON = 300


class BusyError(Exception):
    """Zendesk cannot do it for the moment: to be tried again."""


class InvalidError(RefusedError):
    """Zendesk refuses what was sent. `code`: its word for it."""

    def __init__(self, code: str, reasons: str) -> None:
        super().__init__(f"Zendesk does not take this ticket: {reasons[:LONGEST_REASON]}")
        self.code = code


class Api:
    """Zendesk as one agent sees it."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._base = f"{options.base}/api/v2"
        # https://developer.zendesk.com/api-reference/introduction/security-and-auth/
        self._auth = httpx.BasicAuth(f"{options.email}/token", options.token.get_secret_value())
        self._http = http

    async def get(self, path: str, **params: str) -> Json:
        """What is there. Raises httpx.HTTPStatusError, PermissionError, RefusedError, ValueError.

        `__` in the name of a parameter stands for brackets: `page__size` is `page[size]`.
        """
        named = {_bracketed(name): value for name, value in params.items()}
        return _json(_checked(await self._send("GET", path, params=named)))

    async def get_if_there(self, path: str) -> Json | None:
        """What is there; None when it is not, or not for us."""
        reply = await self._send("GET", path)
        if reply.status_code == HTTPStatus.FORBIDDEN:
            # Raises when it is not this one thing but the agent that is refused; else it must say so twice.
            await self.agent()
            reply = await self._send("GET", path)
        if reply.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.FORBIDDEN):
            return None
        return _json(_checked(reply))

    async def agent(self) -> Json:
        """The agent on whose behalf we ask. Raises PermissionError when it is none."""
        user: Json = (await self.get("users/me"))["user"]
        # Whom it does not know it takes for an anonymous end user, and answers 200.
        if not user.get("id") or user.get("role") not in ("agent", "admin"):
            raise PermissionError("ZENDESK_EMAIL: is not the address of an agent in this Zendesk")
        return user

    async def create(self, content: Json, key: str) -> Json:
        """Make a ticket, at most one for each key within two hours."""
        headers = {"Idempotency-Key": key}
        return _json(_checked(await self._send("POST", "tickets", json=content, headers=headers)))

    async def change(self, path: str, content: Json) -> Json:
        """Change it; as it is then."""
        return _json(_checked(await self._send("PUT", path, json=content)))

    async def _send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **content: Any
    ) -> httpx.Response:
        return await self._http.request(
            method,
            f"{self._base}/{path}",
            headers={"Accept": "application/json", **(headers or {})},
            auth=self._auth,
            timeout=PATIENCE,
            **content,
        )


def _bracketed(name: str) -> str:
    outer, _, inner = name.partition("__")
    return f"{outer}[{inner}]" if inner else outer


def _checked(reply: httpx.Response) -> httpx.Response:
    if reply.is_redirect:
        raise PermissionError(f"ZENDESK_URL: {reply.url.host} leads elsewhere; set where it leads to")
    if reply.status_code == HTTPStatus.UNAUTHORIZED:
        raise PermissionError("ZENDESK_EMAIL and ZENDESK_TOKEN: Zendesk does not take them, or no longer")
    if reply.status_code == HTTPStatus.CONFLICT:
        raise BusyError("Zendesk answered 409: the ticket is being changed by somebody else")
    if reply.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
        answer = _json(reply)
        raise InvalidError(
            str(answer.get("error") or ""), "; ".join(_reasons(answer)) or "it does not say why"
        )
    return reply.raise_for_status()


def _reasons(answer: Json) -> Iterator[str]:
    """By field, where Zendesk says so; otherwise its word for the whole."""
    details = answer.get("details")
    if not isinstance(details, dict):
        error = answer.get("error")
        yield str(error.get("title") if isinstance(error, dict) else error or "")
        return
    for name, problems in details.items():
        for each in problems if isinstance(problems, list) else []:
            said = each.get("description") or each.get("error") if isinstance(each, dict) else each
            yield f"{name}: {said}"


def _json(reply: httpx.Response) -> Json:
    try:
        content = reply.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"{reply.url.host} answered something that is not Zendesk's JSON; check ZENDESK_URL")
    return content
