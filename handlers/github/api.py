"""GitHub's REST API: requests, and what its refusals mean.

https://docs.github.com/en/rest/issues
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

import time
from http import HTTPStatus
from typing import Any, TypeAlias

import httpx

from handlers.github.limits import seconds_to_wait
from handlers.github.options import Options
from handlers.ticketing import RefusedError

Json: TypeAlias = dict[str, Any]

PATIENCE = 30.0
"""Seconds that GitHub may take over one request. Longer than usual: an issue whose answer was not waited for
may come to be after it has been searched for."""
AWAY = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.MOVED_PERMANENTLY)
"""Deleted, hidden from us, or transferred to another repository."""


class Api:
    """The repository as one token sees it."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._http = http

    async def repository(self) -> Json:
        """The repository itself. Raises PermissionError when it is not there, or not for us."""
        reply = await self._send("GET", "")
        if reply.status_code in AWAY:
            where = f"{self._options.owner}/{self._options.repo}"
            raise PermissionError(
                f"GITHUB_OWNER, GITHUB_REPO: {where} has moved, or is not there for GITHUB_TOKEN"
            )
        return _object(_checked(reply))

    async def get(self, path: str, **params: str | int) -> Json:
        """What is there. Raises httpx.HTTPStatusError, PermissionError, RefusedError, ValueError."""
        return _object(_checked(await self._send("GET", path, params=params)))

    async def get_if_there(self, path: str) -> Json | None:
        """What is there; None when it is not, or not here any more."""
        reply = await self._send("GET", path)
        if reply.status_code in AWAY:
            # Raises when it is not this one issue but the whole repository that is out of sight.
            await self.repository()
            return None
        return _object(_checked(reply))

    async def page(self, path: str, **params: str | int) -> list[Json]:
        """One page."""
        items = _content(_checked(await self._send("GET", path, params=params)))
        return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []

    async def search(self, question: str) -> list[Json]:
        """Issues by GitHub's search."""
        url = f"{str(self._options.url).rstrip('/')}/search/issues"
        params: dict[str, str | int] = {"q": question, "per_page": 100}
        return list(_object(_checked(await self._request("GET", url, params=params)))["items"])

    async def post(self, path: str, content: Json) -> Json:
        """Make something; as it is then."""
        return _object(_checked(await self._send("POST", path, json=content)))

    async def patch(self, path: str, content: Json) -> Json:
        """Change it; as it is then."""
        return _object(_checked(await self._send("PATCH", path, json=content)))

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        return await self._request(method, f"{self._options.base}/{path}".rstrip("/"), **content)

    async def _request(self, method: str, url: str, **content: Any) -> httpx.Response:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._options.token.get_secret_value()}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return await self._http.request(method, url, headers=headers, timeout=PATIENCE, **content)


def _checked(reply: httpx.Response) -> httpx.Response:
    if (wait := seconds_to_wait(reply.status_code, reply.headers, reply.text, time.time())) is not None:
        # In the form that the router waits out, whatever form it came in.
        limited = httpx.Response(
            HTTPStatus.TOO_MANY_REQUESTS, headers={"retry-after": wait}, request=reply.request
        )
        raise httpx.HTTPStatusError("GitHub limits us", request=reply.request, response=limited)
    if reply.status_code == HTTPStatus.UNAUTHORIZED:
        raise PermissionError("GITHUB_TOKEN: GitHub does not take it, or no longer")
    if reply.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        raise RefusedError(f"GitHub does not take this: {_reasons(reply)}")
    if reply.is_redirect:
        raise PermissionError("GITHUB_OWNER, GITHUB_REPO: the repository has moved; set where it is now")
    return reply.raise_for_status()


def _reasons(reply: httpx.Response) -> str:
    """Which fields, and the code of what is wrong; not its messages, which repeat values."""
    errors = _object(reply).get("errors")
    listed = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    words = (
        f"{each.get('field') or each.get('resource') or 'it'} {each.get('code') or ''}" for each in listed
    )
    return "; ".join(word.strip() for word in words) or "it does not say why"


def _content(reply: httpx.Response) -> Any:
    try:
        return reply.json()
    except ValueError:
        raise ValueError(
            f"{reply.url.host} answered something that is not GitHub's JSON; check GITHUB_URL"
        ) from None


def _object(reply: httpx.Response) -> Json:
    content = _content(reply)
    if not isinstance(content, dict):
        raise ValueError(f"{reply.url.host} answered something that is not GitHub's JSON; check GITHUB_URL")
    return content
