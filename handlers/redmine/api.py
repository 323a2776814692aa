"""Redmine's REST API: requests, and what its refusals mean.

https://www.redmine.org/projects/redmine/wiki/Rest_api
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

import httpx

from handlers.redmine.options import Options
from handlers.ticketing import RefusedError

Json: TypeAlias = dict[str, Any]

PATIENCE = 30.0
"""Seconds that Redmine may take over one request. Longer than usual: a ticket whose answer was not waited for
may come to be after it has been searched for."""
LONGEST_REASON = 300


class Api:
    """Redmine as one user sees it."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._http = http

    async def get(self, path: str, **params: str) -> Json:
        """What is there. Raises httpx.HTTPStatusError, RefusedError, ValueError."""
        return _json(_checked(await self._send("GET", path, params=params)))

    async def get_if_there(self, path: str, **params: str) -> Json | None:
        """What is there; None when it is not, or not for us."""
        reply = await self._send("GET", path, params=params)
        if reply.status_code == HTTPStatus.NOT_FOUND:
            return None
        if reply.status_code == HTTPStatus.FORBIDDEN:
            # Raises when it is not this one thing but the key that is refused.
            await self.get("users/current")
            return None
        return _json(_checked(reply))

    async def create(self, path: str, content: Json) -> Json:
        """Make it; as it is then."""
        return _json(_checked(await self._send("POST", path, json=content)))

    async def change(self, path: str, content: Json) -> None:
        """Change it. What its user may not change Redmine leaves as it was, without a word."""
        _checked(await self._send("PUT", path, json=content))

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        key = self._options.api_key.get_secret_value()
        url = f"{self._options.base}/{path}.json"
        headers = {"X-Redmine-API-Key": key}
        return await self._http.request(method, url, headers=headers, timeout=PATIENCE, **content)


def _checked(reply: httpx.Response) -> httpx.Response:
    if reply.is_redirect:
        raise RefusedError(
            f"REDMINE_URL: {reply.url.host} answers by leading elsewhere; set where it leads to"
        )
    if reply.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        reasons = "; ".join(map(str, _json(reply).get("errors", []))) or "it does not say why"
        raise RefusedError(f"Redmine does not take this ticket: {reasons[:LONGEST_REASON]}")
    return reply.raise_for_status()


def _json(reply: httpx.Response) -> Json:
    try:
        content = reply.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"{reply.url.host} answered something that is not Redmine's JSON; check REDMINE_URL")
    return content


def pick(setting: str, wanted: str, listed: Iterable[Mapping[str, Any]]) -> int:
    """The id of what is wanted, by name or id. Raises RefusedError that says what there is."""
    there = [*listed]
    for each in there:
        if wanted.casefold() in (str(each["id"]), str(each["name"]).casefold()):
            return int(each["id"])
    names = ", ".join(str(each["name"]) for each in there) or "none"
    raise RefusedError(
        f"{setting}: there is no {wanted!r} in Redmine, or not for this user; there are: {names}"
    )
