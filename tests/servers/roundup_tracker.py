"""Roundup behind the ticketing engine's interface, for tests: a second tracker, whose ways are others.

To write in an issue takes two requests, to change its status a third, each with the ETag of what was seen.
https://www.roundup-tracker.org/docs/rest.html
"""

from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from handlers.ticketing import Draft, Rule, State, Ticket, TicketingOptions

CLOSED, OPEN = "8", "1"
"""The statuses `resolved` and `unread`."""


class RoundupOptions(TicketingOptions[Rule]):
    """Where it is, and as whom we speak."""

    url: str
    user: str = "admin"
    password: SecretStr


class Roundup:
    """Tickets are issues; their texts are messages."""

    search_lag = 0.0

    def __init__(self, options: RoundupOptions, http: httpx.AsyncClient) -> None:
        self._options = options
        self._http = http

    def quote(self, value: str) -> str:
        return value

    async def find(self, key: str) -> Sequence[Ticket]:
        found = await self._send(
            "GET", "issue", params={"nectar_key:": key, "@fields": "status", "@sort": "id"}
        )
        return [_ticket(issue["id"], issue["status"]) for issue in found["collection"]]

    async def look(self, ticket: str) -> Ticket | None:
        # By the list: an issue that was deleted ("retired") can still be asked for, but not be changed.
        found = await self._send("GET", "issue", params={"id": ticket, "@fields": "status"})
        return next((_ticket(issue["id"], issue["status"]) for issue in found["collection"]), None)

    async def read(self, ticket: str) -> Sequence[str]:
        issue = await self._send("GET", f"issue/{ticket}")
        messages = sorted(int(message["id"]) for message in issue["attributes"]["messages"])
        return [(await self._send("GET", f"msg/{message}/content"))["data"] for message in messages]

    async def open(self, draft: Draft) -> Ticket:
        message = await self._send("POST", "msg", json={"content": draft.body})
        issue = {"title": draft.subject, "nectar_key": draft.key, "status": OPEN, "messages": message["id"]}
        made = await self._send("POST", "issue", json=issue)
        return Ticket(str(made["id"]), State.OPEN)

    async def comment(self, ticket: str, text: str) -> None:
        message = await self._send("POST", "msg", json={"content": text})
        await self._change(ticket, "PATCH", {"@op": "add", "messages": message["id"]})

    async def close(self, ticket: str, text: str) -> None:
        await self._give_status(ticket, text, CLOSED)

    async def reopen(self, ticket: str, text: str) -> None:
        await self._give_status(ticket, text, OPEN)

    async def preflight(self) -> str:
        await self._send("GET", "status")
        return "it answers"

    async def _give_status(self, ticket: str, text: str, status: str) -> None:
        if text:
            await self.comment(ticket, text)
        await self._change(ticket, "PUT", {"status": status})

    async def _change(self, ticket: str, method: str, content: dict[str, str]) -> None:
        seen = await self._send("GET", f"issue/{ticket}")
        await self._send(method, f"issue/{ticket}", json=content, headers={"If-Match": seen["@etag"]})

    async def _send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **content: Any
    ) -> dict[str, Any]:
        url = self._options.url
        reply = await self._http.request(
            method,
            f"{url}/rest/data/{path}",
            auth=(self._options.user, self._options.password.get_secret_value()),
            # Against forged requests it wants to be told where they come from.
            headers={"X-Requested-With": "rest", "Origin": url, "Referer": f"{url}/", **(headers or {})},
            **content,
        )
        data: dict[str, Any] = reply.raise_for_status().json()["data"]
        return data


def _ticket(number: str, status: dict[str, str]) -> Ticket:
    return Ticket(number, State.SOLVED if status["id"] == CLOSED else State.OPEN)
