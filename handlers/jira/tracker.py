"""Jira as the ticketing engine sees it."""

from collections.abc import Iterable, Mapping, Sequence

import httpx

from handlers.jira.adf import document, plain
from handlers.jira.api import Api, InvalidError, Json
from handlers.jira.options import Options
from handlers.jira.preflight import preflight
from handlers.ticketing import Draft, RefusedError, State, Ticket

DONE = "done"
"""The category of all statuses that count as done, whatever they are called."""
LOOK_AT = "status"
MOST_PAGES = 50
COMMENTS_AT_ONCE = 100


class Jira:
    """Tickets are issues."""

    search_lag = 60.0
    """Jira's search shows a new issue after seconds, at times more, and says no figure.
    https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/"""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._api = Api(options, http)
        self._linked = options.link
        self._seen: list[int] = []
        """Issues that this run has looked at: of these the search is to answer what holds now."""

    def quote(self, value: str) -> str:
        """The same: in Jira's documents text is nothing but text."""
        return value

    async def find(self, key: str) -> Sequence[Ticket]:
        """By the label."""
        content: Json = {
            "jql": f'labels = "{key}" ORDER BY created ASC',
            "fields": [LOOK_AT],
            "expand": "transitions",
            "maxResults": 50,
            "reconcileIssues": self._seen[-50:],
        }
        found = list[Json]()
        for _ in range(MOST_PAGES):
            answer = await self._api.post("search/jql", content)
            found += answer.get("issues") or []
            if not answer.get("nextPageToken"):
                break
            content["nextPageToken"] = answer["nextPageToken"]
        return [_ticket(issue) for issue in sorted(found, key=lambda issue: int(issue["id"]))]

    async def look(self, ticket: str) -> Ticket | None:
        """One issue, with the ways that lead out of its status."""
        issue = await self._api.get_if_there(f"issue/{ticket}", fields=LOOK_AT, expand="transitions")
        if issue is None:
            return None
        self._seen.append(int(issue["id"]))
        return _ticket(issue)

    async def read(self, ticket: str) -> Sequence[str]:
        """Its description and comments."""
        issue = await self._api.get(f"issue/{ticket}", fields="description")
        texts = [plain(issue["fields"].get("description"))]
        for _ in range(MOST_PAGES):
            start = len(texts) - 1
            page = await self._api.get(
                f"issue/{ticket}/comment",
                startAt=str(start),
                maxResults=str(COMMENTS_AT_ONCE),
                orderBy="created",
            )
            texts += [plain(comment.get("body")) for comment in page["comments"]]
            if not page["comments"] or len(texts) > int(page["total"]):
                break
        return [text for text in texts if text]

    async def open(self, draft: Draft) -> Ticket:
        """Create an issue."""
        fields: Json = {
            "summary": draft.subject,
            "description": document(draft.body, self._linked),
            **placed(draft.fields),
        }
        fields["labels"] = [draft.key, *fields.get("labels", [])]
        try:
            made = await self._api.post("issue", {"fields": fields})
        except InvalidError as error:
            if "project" in error.fields and draft.fields.get("project") == self._options.project:
                # What concerns all issues is waited out; a rule's project concerns some.
                raise PermissionError(f"JIRA_PROJECT: {error}") from None
            raise
        return Ticket(str(made["id"]), State.OPEN, str(made["key"]))

    async def comment(self, ticket: str, text: str) -> None:
        """Add a comment."""
        await self._api.post(f"issue/{ticket}/comment", {"body": document(text, self._linked)})

    async def close(self, ticket: str, text: str) -> None:
        """Add a comment, then go to a status that counts as done."""
        await self._say_and_move(ticket, text, done=True, wanted=self._options.closed_status)

    async def reopen(self, ticket: str, text: str) -> None:
        """Add a comment, then go to a status that does not count as done."""
        await self._say_and_move(ticket, text, done=False, wanted=self._options.open_status)

    async def preflight(self) -> str:
        """Account, rights, all names in options and rules, and the search."""
        return await preflight(self._api, self.find, self._options)

    async def _say_and_move(self, ticket: str, text: str, *, done: bool, wanted: str) -> None:
        if text:
            await self.comment(ticket, text)
        path = f"issue/{ticket}/transitions"
        ways = (await self._api.get(path, expand="transitions.fields"))["transitions"]
        way = _way(ways, done=done, wanted=wanted)
        if way is not None:
            content: Json = {"transition": {"id": str(way["id"])}}
            if done and self._options.resolution and "resolution" in (way.get("fields") or {}):
                content["fields"] = {"resolution": {"name": self._options.resolution}}
            await self._api.post(path, content)
            return
        now = await self.look(ticket)
        if now is None or (now.state is State.OPEN) is done:
            target = repr(wanted) if wanted else "a status that counts as done" if done else "an open status"
            there = ", ".join(str(each["to"]["name"]) for each in ways) or "nowhere"
            raise RefusedError(
                f"{now.label if now else ticket}: its workflow, or the rights of our account, lead to "
                f"{there}, not to {target}"
            )


def placed(fields: Mapping[str, str]) -> Json:
    """Where an issue goes, and as what, in Jira's form."""
    content: Json = {"project": _named("key", fields["project"])}
    content["issuetype"] = _named("name", fields.get("issue_type", "Task"))
    if priority := fields.get("priority"):
        content["priority"] = _named("name", priority)
    if assignee := fields.get("assignee"):
        content["assignee"] = {"id": assignee}
    if labels := [*_parts(fields.get("labels", ""))]:
        # Jira refuses a label with a blank in it.
        content["labels"] = ["-".join(label.split()) for label in labels]
    if components := [*_parts(fields.get("components", ""))]:
        content["components"] = [_named("name", component) for component in components]
    return content


def _parts(text: str) -> Iterable[str]:
    return filter(None, (part.strip() for part in text.split(",")))


def _named(by: str, value: str) -> Json:
    return {"id" if value.isdecimal() else by: value}


def _is_done(status: Json) -> bool:
    return str(status["statusCategory"]["key"]) == DONE


def _way(ways: Iterable[Json], *, done: bool, wanted: str) -> Json | None:
    """The transition to take; None when there is none."""
    for way in ways:
        names = (str(way["to"]["name"]).casefold(), str(way.get("name", "")).casefold())
        fits = not wanted or wanted.casefold() in names
        if fits and way.get("isAvailable", True) and _is_done(way["to"]) is done:
            return way
    return None


def _ticket(issue: Json) -> Ticket:
    state = State.OPEN
    if _is_done(issue["fields"]["status"]):
        can_go_back = _way(issue.get("transitions") or [], done=False, wanted="") is not None
        state = State.SOLVED if can_go_back else State.FINAL
    return Ticket(str(issue["id"]), state, str(issue["key"]))
