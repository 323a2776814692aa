"""Zendesk as the ticketing engine sees it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from http import HTTPStatus

import httpx

from handlers.ticketing import Draft, RefusedError, State, Ticket
from handlers.zendesk.api import Api, BusyError, InvalidError, Json
from handlers.zendesk.options import Options
from handlers.zendesk.preflight import preflight

STATES = {"solved": State.SOLVED, "closed": State.FINAL}
"""All others are open. https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/"""
KEY_WAS_USED = "IdempotentRequestError"
AT_ONCE = "100"
MOST_PAGES = 50
_PLACEHOLDER = re.compile(r"\{(?=[{%])|(?<=[}%])\}")
"""What begins or ends a placeholder, which Zendesk fills in when it shows a comment."""


class Zendesk:
    """Tickets are tickets."""

    search_lag = 60.0
    """The listing by external id shows new tickets soon; nothing says how soon."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._api = Api(options, http)

    def quote(self, value: str) -> str:
        """The same with a blank in whatever would be a placeholder. Markup is escaped when it is sent."""
        return _PLACEHOLDER.sub(lambda found: f"{found[0]} " if found[0] == "{" else " }", value)

    async def find(self, key: str) -> Sequence[Ticket]:
        """By the external id."""
        found = list[Json]()
        cursor: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._api.get("tickets", external_id=key, page__size=AT_ONCE, **cursor)
            found += page["tickets"]
            if not (meta := page.get("meta") or {}).get("has_more"):
                break
            cursor = {"page__after": str(meta["after_cursor"])}
        # Whoever ignores the question answers with whatever there is.
        ours = (ticket for ticket in found if ticket.get("external_id") == key)
        there = (ticket for ticket in ours if ticket["status"] != "deleted")
        return [_ticket(ticket) for ticket in sorted(there, key=lambda ticket: int(ticket["id"]))]

    async def look(self, ticket: str) -> Ticket | None:
        """One ticket."""
        answer = await self._api.get_if_there(f"tickets/{ticket}")
        if answer is None or answer["ticket"]["status"] == "deleted":
            return None
        return _ticket(answer["ticket"])

    async def read(self, ticket: str) -> Sequence[str]:
        """Its comments; the first is its body."""
        texts = list[str]()
        cursor: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._api.get(f"tickets/{ticket}/comments", page__size=AT_ONCE, **cursor)
            texts += [str(each.get("plain_body") or each.get("body") or "") for each in page["comments"]]
            if not (meta := page.get("meta") or {}).get("has_more"):
                break
            cursor = {"page__after": str(meta["after_cursor"])}
        return [text for text in texts if text]

    async def open(self, draft: Draft) -> Ticket:
        """Create a ticket; where the last one is closed for good, as its follow-up."""
        ticket: Json = {
            "subject": draft.subject,
            "comment": self._comment(draft.body),
            "external_id": draft.key,
            **placed(draft.fields),
        }
        if draft.previous is not None and draft.previous.state is State.FINAL:
            ticket["via_followup_source_id"] = int(draft.previous.id)
        try:
            return _ticket((await self._api.create({"ticket": ticket}, draft.idempotency_key))["ticket"])
        except InvalidError as error:
            if error.code != KEY_WAS_USED:
                raise
        # An earlier attempt made it, when it still read otherwise.
        still_open = [each for each in await self.find(draft.key) if each.state is State.OPEN]
        if not still_open:
            raise BusyError("Zendesk has made this ticket and does not show it yet")
        return still_open[-1]

    async def comment(self, ticket: str, text: str) -> None:
        """Add a comment."""
        await self._change(ticket, {"comment": self._comment(text)})

    async def close(self, ticket: str, text: str) -> None:
        """Add a comment and solve it, in one request."""
        await self._give_status(ticket, text, "solved")

    async def reopen(self, ticket: str, text: str) -> None:
        """Add a comment and open it again, in one request."""
        await self._give_status(ticket, text, "open")

    async def preflight(self) -> str:
        """Token, agent, groups and assignees that are named, and the search."""
        return await preflight(self._api, self.find, self._options)

    def _comment(self, text: str) -> Json:
        lines = "<br>".join(escape(text).split("\n"))
        return {"html_body": f"<p>{lines}</p>", "public": self._options.public}

    async def _give_status(self, ticket: str, text: str, status: str) -> None:
        words = {"comment": self._comment(text)} if text else {}
        changed = await self._change(ticket, {"status": status, **words})
        if _ticket(changed).state is not STATES.get(status, State.OPEN):
            raise RefusedError(
                f"#{ticket} stays {changed['status']}: a trigger, or a required field, holds it"
            )

    async def _change(self, ticket: str, content: Json) -> Json:
        try:
            answer = await self._api.change(f"tickets/{ticket}", {"ticket": content})
        except InvalidError:
            now = await self._api.get_if_there(f"tickets/{ticket}")
            if now is not None and now["ticket"]["status"] == "closed":
                # Closed for good since we looked: to the engine that one is gone.
                raise _gone(ticket) from None
            raise
        changed: Json = answer["ticket"]
        return changed


def placed(fields: Mapping[str, str]) -> Json:
    """As what a ticket is opened, in Zendesk's form. Raises RefusedError."""
    content: Json = {name: fields[name] for name in ("priority", "type") if name in fields}
    for name in ("group", "assignee"):
        if value := fields.get(name):
            if not value.isdecimal():
                raise RefusedError(f"{name}: must be an id, a number")
            content[f"{name}_id"] = int(value)
    if tags := [*_parts(fields.get("tags", ""))]:
        content["tags"] = ["_".join(tag.split()) for tag in tags]
    return content


def _parts(text: str) -> Iterable[str]:
    return filter(None, (part.strip() for part in text.split(",")))


def _gone(ticket: str) -> httpx.HTTPStatusError:
    request = httpx.Request("PUT", f"https://zendesk.invalid/tickets/{ticket}")
    answer = httpx.Response(HTTPStatus.GONE, request=request)
    return httpx.HTTPStatusError(f"#{ticket} is closed for good", request=request, response=answer)


def _ticket(ticket: Json) -> Ticket:
    return Ticket(str(ticket["id"]), STATES.get(ticket["status"], State.OPEN), f"#{ticket['id']}")
