"""A Zendesk in memory, for rehearsals and tests: as much of its API as the tracker uses, with its manners."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import unescape
from typing import Any, TypeAlias

import httpx

from handlers.zendesk.options import Options

Json: TypeAlias = dict[str, Any]
MISSING = {"error": "RecordNotFound", "description": "Not found"}


@dataclass
class StandIn:
    """Answers a request as Zendesk would."""

    options: Options
    tickets: dict[int, Json] = field(default_factory=dict)
    keys: dict[str, tuple[Json, httpx.Response]] = field(default_factory=dict)
    """By idempotency key: what was asked, and what was answered."""
    made: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        auth = httpx.BasicAuth(f"{self.options.email}/token", self.options.token.get_secret_value())
        signed = next(auth.auth_flow(httpx.Request("GET", self.options.base)))
        if request.headers.get("authorization") != signed.headers["authorization"]:
            return httpx.Response(401, json={"error": "Couldn't authenticate you"})
        base = httpx.URL(self.options.base).path.rstrip("/")
        path = request.url.path.removeprefix(f"{base}/api/v2")
        for method, pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return answer(request, *found.groups())
        return httpx.Response(404, json=MISSING)

    def _routes(self) -> Iterable[tuple[str, str, Callable[..., httpx.Response]]]:
        return (
            ("GET", r"/tickets/(\d+)", self._show),
            ("PUT", r"/tickets/(\d+)", self._update),
            ("GET", r"/tickets/(\d+)/comments", self._comments),
            ("GET", r"/tickets", self._list),
            ("POST", r"/tickets", self._create),
            ("GET", r"/users/me", lambda request: _user(1)),
            ("GET", r"/users/(\d+)", lambda request, number: _user(int(number))),
            ("GET", r"/groups/(\d+)", lambda request, number: _answer(group={"id": int(number)})),
        )

    def _create(self, request: httpx.Request) -> httpx.Response:
        content, key = json.loads(request.content), request.headers.get("idempotency-key", "")
        if key in self.keys:
            asked, answered = self.keys[key]
            if asked != content:
                return httpx.Response(400, json={"error": "IdempotentRequestError"})
            return httpx.Response(201, json=answered.json(), headers={"x-idempotency-lookup": "hit"})
        answer = self._made(content["ticket"])
        if key and answer.is_success:
            self.keys[key] = content, answer
        return answer

    def _made(self, content: Json) -> httpx.Response:
        if not content.get("subject"):
            return _invalid("subject", "Subject: cannot be blank", "BlankValue")
        source = content.get("via_followup_source_id")
        if source and self.tickets.get(source, {}).get("status") != "closed":
            return _invalid("via_followup_source_id", "Source: must be a closed ticket", "InvalidValue")
        self.made += 1
        number = self.made
        ticket = {**content, "id": number, "status": "new", "comments": [content["comment"]]}
        self.tickets[number] = ticket
        headers = {"x-idempotency-lookup": "miss", "location": f"{self.options.base}/api/v2/tickets/{number}"}
        return httpx.Response(201, json={"ticket": _shown(ticket)}, headers=headers)

    def _show(self, request: httpx.Request, number: str) -> httpx.Response:
        ticket = self.tickets.get(int(number))
        return _answer(ticket=_shown(ticket)) if ticket else httpx.Response(404, json=MISSING)

    def _update(self, request: httpx.Request, number: str) -> httpx.Response:
        ticket = self.tickets.get(int(number))
        if ticket is None:
            return httpx.Response(404, json=MISSING)
        if ticket["status"] == "closed":
            return _invalid("status", "Status: closed prevents ticket update", "ClosedTicket")
        content = json.loads(request.content)["ticket"]
        ticket["status"] = content.get("status", ticket["status"])
        if "comment" in content:
            ticket["comments"].append(content["comment"])
        return _answer(ticket=_shown(ticket))

    def _comments(self, request: httpx.Request, number: str) -> httpx.Response:
        ticket = self.tickets[int(number)]
        return self._page(request, "comments", [_plain(each) for each in ticket["comments"]])

    def _list(self, request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["external_id"]
        found = [each for each in self.tickets.values() if each.get("external_id") == wanted]
        return self._page(request, "tickets", [*map(_shown, found)])

    def _page(self, request: httpx.Request, name: str, items: list[Json]) -> httpx.Response:
        start = int(request.url.params.get("page[after]", 0))
        end = start + int(request.url.params["page[size]"])
        meta = {"has_more": end < len(items), "after_cursor": str(end)}
        return _answer(**{name: items[start:end]}, meta=meta, links={})


def _answer(**content: Any) -> httpx.Response:
    return httpx.Response(200, json=content)


def _user(number: int) -> httpx.Response:
    return _answer(user={"id": number, "role": "agent"})


def _invalid(name: str, description: str, code: str) -> httpx.Response:
    details = {name: [{"description": description, "error": code}]}
    content = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    return httpx.Response(422, json=content)


def _shown(ticket: Json) -> Json:
    return {name: value for name, value in ticket.items() if name not in ("comments", "comment")}


def _plain(comment: Json) -> Json:
    text = re.sub(r"<[^>]+>", "", comment["html_body"].replace("<br>", "\n"))
    return {**comment, "plain_body": unescape(text)}
