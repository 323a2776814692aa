"""Redmine as the ticketing engine sees it."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote as percent_encoded

import httpx

from handlers.redmine.api import Api, Json, pick
from handlers.redmine.options import Options
from handlers.redmine.preflight import preflight
from handlers.ticketing import Draft, RefusedError, State, Ticket

MOST_FOUND = "100"
_MARKUP = re.compile(r"\{(?=\{)|!(?=\S)|<(?=\S)|(?<!\w)@(?=\w)|\](?=\()|\":(?=\S)")
"""What begins a macro, an image, a tag, a mention or a link, in Textile and in Markdown."""


class Redmine:
    """Tickets are issues."""

    search_lag = 0.0

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self._options = options
        self._api = Api(options, http)

    def quote(self, value: str) -> str:
        """The same with a blank in whatever would be markup."""
        return _MARKUP.sub(r"\g<0> ", value)

    async def find(self, key: str) -> Sequence[Ticket]:
        """By the custom field, or else by the mark in the description."""
        return [_ticket(issue) for issue in await self.search(key)]

    async def look(self, ticket: str) -> Ticket | None:
        """One issue."""
        answer = await self._api.get_if_there(f"issues/{ticket}")
        if answer is None and self._options.usual_project:
            # Raises when it is not this issue but the whole project that is not for us.
            await self._project(self._options.usual_project)
        return _ticket(answer["issue"]) if answer else None

    async def read(self, ticket: str) -> Sequence[str]:
        """Its description and notes."""
        issue = (await self._api.get(f"issues/{ticket}", include="journals"))["issue"]
        notes = [journal.get("notes") for journal in issue.get("journals", [])]
        return [text for text in (issue.get("description"), *notes) if text]

    async def open(self, draft: Draft) -> Ticket:
        """Create an issue."""
        content = {"subject": draft.subject, "description": draft.body, **await self.placed(draft.fields)}
        if field := await self._key_field(content["project_id"]):
            content["custom_fields"] = [{"id": field, "value": draft.key}]
        try:
            # By way of the project: at `issues` Redmine does not say that a right is missing, but that no
            # project was named.
            path = f"projects/{content['project_id']}/issues"
            return _ticket((await self._api.create(path, {"issue": content}))["issue"])
        except httpx.HTTPStatusError as error:
            await self._judge(error, content["project_id"])
            raise

    async def comment(self, ticket: str, text: str) -> None:
        """Add a note."""
        await self._change(ticket, {"notes": text})

    async def close(self, ticket: str, text: str) -> None:
        """Add a note and give it a status that is closed, in one request."""
        await self._give_status(ticket, text, "closed_status", closed=True)

    async def reopen(self, ticket: str, text: str) -> None:
        """Add a note and give it a status that is open, in one request."""
        await self._give_status(ticket, text, "open_status", closed=False)

    async def preflight(self) -> str:
        """Key, project, rights, all names in options and rules, and whether the search works."""
        return await preflight(self, self._api, self._options)

    async def placed(self, fields: Mapping[str, str]) -> Json:
        """Where a ticket goes, and as what: names made to Redmine's ids. Raises RefusedError."""
        project = await self._project(fields["project"])
        content: Json = {"project_id": project["id"]}
        if tracker := fields.get("tracker"):
            content["tracker_id"] = pick("tracker", tracker, project.get("trackers", []))
        if category := fields.get("category"):
            content["category_id"] = pick("category", category, project.get("issue_categories", []))
        if priority := fields.get("priority"):
            answer = await self._api.get("enumerations/issue_priorities")
            content["priority_id"] = pick("priority", priority, answer["issue_priorities"])
        if assignee := fields.get("assignee"):
            content["assigned_to_id"] = await self._assignee(assignee, project["id"])
        return content

    async def search(self, key: str) -> Sequence[Json]:
        """The issues that bear the key, oldest first. Raises RefusedError if Redmine ignores the question."""
        by = f"cf_{field}" if (field := await self._key_field()) else "description"
        wanted = key if field else f"~{key}"
        answer = await self._api.get(
            "issues", **{by: wanted, "status_id": "*", "sort": "id", "limit": MOST_FOUND}
        )
        if any(not _bears(issue, key) for issue in answer["issues"]):
            way_out = 'tick "Used as a filter" in that custom field' if field else "set REDMINE_KEY_FIELD"
            raise RefusedError(f"Redmine does not search issues by {by}: {way_out}")
        return list(answer["issues"])

    async def _project(self, name: str) -> Json:
        include = "trackers,issue_categories,issue_custom_fields"
        answer = await self._api.get_if_there(f"projects/{percent_encoded(name, safe='')}", include=include)
        if answer is None:
            problem = f"project {name!r}: not in Redmine, or not for the user of REDMINE_API_KEY"
            # What concerns all tickets is waited out; a rule's project concerns some.
            raise PermissionError(problem) if name == self._options.usual_project else RefusedError(problem)
        project: Json = answer["project"]
        return project

    async def _assignee(self, name: str, project: int) -> int:
        if name.isdecimal():
            return int(name)
        path, offset, total = f"projects/{project}/memberships", 0, 1
        while offset < total:
            answer = await self._api.get(path, limit=MOST_FOUND, offset=str(offset))
            for each in answer["memberships"]:
                member = each.get("user") or each.get("group") or {"name": ""}
                if member["name"].casefold() == name.casefold():
                    return int(member["id"])
            offset, total = offset + int(MOST_FOUND), answer["total_count"]
        raise RefusedError(f"assignee: no member of the project is called {name!r}, or not for this user")

    async def _key_field(self, project: int | None = None) -> int | None:
        name = self._options.key_field
        if not name or name.isdecimal():
            return int(name) if name else None
        at = str(project or self._options.project)
        found = (await self._project(at)).get("issue_custom_fields", [])
        # Those that are for all projects are told to administrators only.
        more = await self._api.get_if_there("custom_fields") or {"custom_fields": []}
        return pick("REDMINE_KEY_FIELD", name, [*found, *more["custom_fields"]])

    async def _give_status(self, ticket: str, text: str, setting: str, *, closed: bool) -> None:
        issue = (await self._api.get(f"issues/{ticket}", include="allowed_statuses"))["issue"]
        allowed = [each for each in issue["allowed_statuses"] if each["is_closed"] is closed]
        wanted = getattr(self._options, setting)
        status = pick(f"REDMINE_{setting.upper()}", wanted, allowed) if wanted else None
        if status is None and allowed:
            status = int(allowed[0]["id"])
        if status is not None:
            await self._change(ticket, {"status_id": status, **({"notes": text} if text else {})})
            issue = (await self._api.get(f"issues/{ticket}"))["issue"]
        if issue["status"]["is_closed"] is not closed:
            raise RefusedError(
                f"{_ticket(issue).label} stays {issue['status']['name']}: its workflow, or the rights of our "
                f"user, do not let us {'close' if closed else 'open'} it"
            )

    async def _change(self, ticket: str, content: Json) -> None:
        try:
            await self._api.change(f"issues/{ticket}", {"issue": content})
        except httpx.HTTPStatusError as error:
            if error.response.status_code == HTTPStatus.FORBIDDEN:
                issue = (await self._api.get(f"issues/{ticket}"))["issue"]
                await self._judge(error, issue["project"]["id"])
            raise

    async def _judge(self, error: httpx.HTTPStatusError, project: int) -> None:
        """Raise RefusedError when it concerns some tickets only.

        What is forbidden in the usual project concerns all: the handler waits until that is mended.
        """
        if error.response.status_code != HTTPStatus.FORBIDDEN:
            return
        name = self._options.usual_project
        usual = await self._api.get_if_there(f"projects/{percent_encoded(name, safe='')}") if name else None
        if usual is None or usual["project"]["id"] != project:
            raise RefusedError(
                f"project {project}: our user may not do this there; give it the right"
            ) from None


def _bears(issue: Json, key: str) -> bool:
    values = (field.get("value") for field in issue.get("custom_fields", []))
    return key in values or key in (issue.get("description") or "")


def _ticket(issue: Json) -> Ticket:
    state = State.SOLVED if issue["status"]["is_closed"] else State.OPEN
    return Ticket(str(issue["id"]), state, f"#{issue['id']}")
