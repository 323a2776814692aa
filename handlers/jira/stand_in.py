"""A Jira in memory, for rehearsals and tests: as much of its API as the tracker uses, with its manners.

It has whatever project, issue type and status the options and rules name.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

from handlers.jira.options import Options

Json: TypeAlias = dict[str, Any]
MISSING = {"errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {}}


@dataclass
class StandIn:
    """Answers a request as Jira would."""

    options: Options
    issues: dict[int, Json] = field(default_factory=dict)
    made: int = 0
    can_reopen: bool = True
    """A transition leads out of done."""

    @property
    def open_status(self) -> Json:
        """The status of a new issue."""
        return _status("1", self.options.open_status or "To Do", "new")

    @property
    def closed_status(self) -> Json:
        """The status that counts as done."""
        return _status("3", self.options.closed_status or "Done", "done")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        auth = httpx.BasicAuth(self.options.email, self.options.token.get_secret_value())
        signed = next(auth.auth_flow(httpx.Request("GET", self.options.base)))
        if request.headers.get("authorization") != signed.headers["authorization"]:
            return httpx.Response(401, text="Client must be authenticated to access this resource.")
        path = request.url.path.removeprefix(httpx.URL(self.options.base).path.rstrip("/"))
        path = path.removeprefix("/rest/api/3")
        for method, pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return answer(request, *found.groups())
        return httpx.Response(404, json=MISSING)

    def _routes(self) -> Iterable[tuple[str, str, Callable[..., httpx.Response]]]:
        return (
            ("GET", r"/issue/(\d+)", self._show),
            ("GET", r"/issue/(\d+)/comment", self._comments),
            ("POST", r"/issue/(\d+)/comment", self._comment),
            ("GET", r"/issue/(\d+)/transitions", self._ways),
            ("POST", r"/issue/(\d+)/transitions", self._move),
            ("POST", r"/issue", self._create),
            ("POST", r"/search/jql", self._search),
            ("GET", r"/issue/createmeta/[^/]+/issuetypes", self._types),
            ("GET", r"/mypermissions", self._permissions),
            ("GET", r"/myself", lambda request: httpx.Response(200, json={"accountId": "made-up-1"})),
        )

    def _create(self, request: httpx.Request) -> httpx.Response:
        fields = json.loads(request.content)["fields"]
        if not fields.get("summary"):
            errors = {"summary": "You must specify a summary of the issue."}
            return httpx.Response(400, json={"errorMessages": [], "errors": errors})
        self.made += 1
        number = 10000 + self.made
        project = fields["project"].get("key", "PRJ")
        issue = {"id": str(number), "key": f"{project}-{number - 10000}", "comments": []}
        self.issues[number] = {**issue, "fields": {**fields, "status": self.open_status}}
        return httpx.Response(201, json={"id": issue["id"], "key": issue["key"]})

    def _show(self, request: httpx.Request, number: str) -> httpx.Response:
        issue = self.issues.get(int(number))
        return httpx.Response(200, json=self._bean(issue)) if issue else httpx.Response(404, json=MISSING)

    def _comments(self, request: httpx.Request, number: str) -> httpx.Response:
        params = request.url.params
        start, most = int(params["startAt"]), int(params["maxResults"])
        comments = self.issues[int(number)]["comments"]
        page = {"startAt": start, "maxResults": most, "total": len(comments)}
        return httpx.Response(200, json={**page, "comments": comments[start : start + most]})

    def _comment(self, request: httpx.Request, number: str) -> httpx.Response:
        if int(number) not in self.issues:
            return httpx.Response(404, json=MISSING)
        self.issues[int(number)]["comments"].append(json.loads(request.content))
        return httpx.Response(201, json={"id": "1"})

    def _ways(self, request: httpx.Request, number: str) -> httpx.Response:
        if int(number) not in self.issues:
            return httpx.Response(404, json=MISSING)
        return httpx.Response(200, json={"transitions": self._transitions()})

    def _move(self, request: httpx.Request, number: str) -> httpx.Response:
        wanted = json.loads(request.content)["transition"]["id"]
        for way in self._transitions():
            if way["id"] == wanted:
                self.issues[int(number)]["fields"]["status"] = way["to"]
                return httpx.Response(204)
        return httpx.Response(400, json={"errorMessages": ["Transition id is not valid."], "errors": {}})

    def _search(self, request: httpx.Request) -> httpx.Response:
        label = json.loads(request.content)["jql"].split('"')[1]
        found = [issue for issue in self.issues.values() if label in issue["fields"]["labels"]]
        return httpx.Response(200, json={"issues": [*map(self._bean, found)], "isLast": True})

    def _types(self, request: httpx.Request) -> httpx.Response:
        named = [self.options.issue_type, *(rule.issue_type for rule in self.options.rules)]
        types = [{"id": str(number), "name": name} for number, name in enumerate(filter(None, named), 11)]
        return httpx.Response(200, json={"issueTypes": types, "total": len(types)})

    def _permissions(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params["permissions"].split(",")
        return httpx.Response(200, json={"permissions": {name: {"havePermission": True} for name in asked}})

    def _transitions(self) -> list[Json]:
        back = {"id": "11", "name": "Reopen", "to": self.open_status, "fields": {}}
        done = {"id": "31", "name": "Finish", "to": self.closed_status, "fields": {"resolution": {}}}
        return [back, done] if self.can_reopen else [done]

    def _bean(self, issue: Json) -> Json:
        shown = {name: issue[name] for name in ("id", "key", "fields")}
        return {**shown, "transitions": self._transitions()}


def _status(number: str, name: str, category: str) -> Json:
    return {"id": number, "name": name, "statusCategory": {"key": category}}
