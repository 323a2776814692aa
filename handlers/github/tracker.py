"""GitHub as the ticketing engine sees it."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus

import httpx

from handlers.github.api import Api, Json
from handlers.github.options import Options
from handlers.ticketing import Draft, RefusedError, State, Ticket

AT_ONCE = 100
MOST_PAGES = 50


class GitHub:
    """Tickets are issues of one repository."""

    search_lag = 60.0
    """The search by text shows new issues after seconds; that by label does at once, as far as is known."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._api = Api(options, http)

    def quote(self, value: str) -> str:
        """The same as code: there GitHub looks for no mentions, references, links, images or HTML.

        https://github.github.com/gfm/#code-spans
        """
        if not value:
            return ""
        longest = max((len(run) for run in re.findall(r"`+", value)), default=0)
        fence = "`" * (longest + 1)
        pad = " " if value[0] in " `" or value[-1] in " `" else ""
        return f"{fence}{pad}{value}{pad}{fence}"

    async def find(self, key: str) -> Sequence[Ticket]:
        """By the label; where our labels are dropped without a word, by the text."""
        found = [
            *await self._pages("issues", labels=key, state="all", sort="created", direction="asc"),
        ]
        if not found and not _may_label(await self._api.repository()):
            where = f"repo:{self._options.owner}/{self._options.repo}"
            items = await self._api.search(f'"{key}" in:body is:issue {where}')
            found = [item for item in items if key in (item.get("body") or "")]
        issues = [issue for issue in found if "pull_request" not in issue]
        return [_ticket(issue) for issue in sorted(issues, key=lambda issue: int(issue["number"]))]

    async def look(self, ticket: str) -> Ticket | None:
        """One issue."""
        issue = await self._api.get_if_there(f"issues/{ticket}")
        return _ticket(issue) if issue else None

    async def read(self, ticket: str) -> Sequence[str]:
        """Its body and comments."""
        issue = await self._api.get(f"issues/{ticket}")
        comments = await self._pages(f"issues/{ticket}/comments")
        return [text for text in (issue.get("body"), *(each.get("body") for each in comments)) if text]

    async def open(self, draft: Draft) -> Ticket:
        """Create an issue."""
        labels = [draft.key, *_parts(draft.fields.get("labels", ""))]
        content: Json = {"title": draft.subject, "body": draft.body, "labels": labels}
        if assignees := [*_parts(draft.fields.get("assignees", ""))]:
            content["assignees"] = assignees
        try:
            return _ticket(await self._api.post("issues", content))
        except httpx.HTTPStatusError as error:
            if error.response.status_code == HTTPStatus.GONE:
                raise PermissionError("the issues of GITHUB_REPO are switched off") from None
            if error.response.status_code == HTTPStatus.NOT_FOUND:
                await self._api.repository()
                raise PermissionError("GITHUB_TOKEN: lacks the right to write issues") from None
            raise

    async def comment(self, ticket: str, text: str) -> None:
        """Add a comment."""
        try:
            await self._api.post(f"issues/{ticket}/comments", {"body": text})
        except httpx.HTTPStatusError as error:
            await self._judge(error, ticket)
            raise

    async def close(self, ticket: str, text: str) -> None:
        """Add a comment, then close it as completed."""
        await self._say_and_set(ticket, text, "closed", "completed")

    async def reopen(self, ticket: str, text: str) -> None:
        """Add a comment, then open it again."""
        await self._say_and_set(ticket, text, "open", "reopened")

    async def preflight(self) -> str:
        """Token, repository, issues, and whether labels stick. Raises when something is missing."""
        repository = await self._api.repository()
        where = f"{self._options.owner}/{self._options.repo}"
        if repository.get("archived"):
            raise RefusedError(f"GITHUB_REPO: {where} is archived, nothing can be written there")
        if not repository.get("has_issues", True):
            raise RefusedError(f"GITHUB_REPO: the issues of {where} are switched off")
        await self._api.page("issues", labels="nectar-preflight", state="all", per_page=1)
        by = "their label" if _may_label(repository) else "their text, since our labels would be dropped"
        return f"{where} shows us its issues; they are found again by {by}"

    async def _say_and_set(self, ticket: str, text: str, state: str, reason: str) -> None:
        if text:
            await self.comment(ticket, text)
        try:
            issue = await self._api.patch(f"issues/{ticket}", {"state": state, "state_reason": reason})
        except httpx.HTTPStatusError as error:
            await self._judge(error, ticket)
            raise
        if issue["state"] != state:
            raise RefusedError(f"#{ticket} stays {issue['state']}: give the account of GITHUB_TOKEN triage")

    async def _judge(self, error: httpx.HTTPStatusError, ticket: str) -> None:
        """Raise RefusedError when it is this one issue that is forbidden: people lock conversations."""
        if error.response.status_code == HTTPStatus.FORBIDDEN:
            issue = await self._api.get_if_there(f"issues/{ticket}")
            if issue is not None and issue.get("locked"):
                raise RefusedError(
                    f"#{ticket} is locked: unlock it, or give the account of GITHUB_TOKEN write access"
                ) from None

    async def _pages(self, path: str, **params: str | int) -> list[Json]:
        found = list[Json]()
        for number in range(1, MOST_PAGES + 1):
            page = await self._api.page(path, **params, per_page=AT_ONCE, page=number)
            found += page
            if len(page) < AT_ONCE:
                break
        return found


def _parts(text: str) -> Iterable[str]:
    return filter(None, (part.strip() for part in text.split(",")))


def _may_label(repository: Json) -> bool:
    """Whether labels of ours are kept. Without push access GitHub drops them without a word."""
    rights = repository.get("permissions") or {}
    return any(rights.get(name) for name in ("admin", "maintain", "push"))


def _ticket(issue: Json) -> Ticket:
    state = State.OPEN
    if issue["state"] == "closed":
        # What was closed and then locked is meant to be over.
        state = State.FINAL if issue.get("locked") else State.SOLVED
    return Ticket(str(issue["number"]), state, f"#{issue['number']}")
