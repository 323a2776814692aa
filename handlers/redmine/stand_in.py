"""A Redmine in memory, for rehearsals and tests: as much of its API as the tracker uses, with its manners.

It has whatever project, tracker, priority, category and assignee the options and rules name.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

import httpx

from handlers.redmine.options import Options

Json: TypeAlias = dict[str, Any]

STATUSES = [
    {"id": 1, "name": "New", "is_closed": False},
    {"id": 2, "name": "In Progress", "is_closed": False},
    {"id": 5, "name": "Closed", "is_closed": True},
]
KEY_FIELD = 7


@dataclass
class StandIn:
    """Answers a request as Redmine would."""

    options: Options
    issues: dict[int, Json] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def statuses(self) -> list[Json]:
        """Those of every Redmine, and those that the options name."""
        named = {3: (self.options.open_status, False), 6: (self.options.closed_status, True)}
        more = (
            {"id": id_, "name": name, "is_closed": closed} for id_, (name, closed) in named.items() if name
        )
        return [*STATUSES, *more]

    @property
    def key_field(self) -> int:
        """The id of the custom field for the key."""
        return int(self.options.key_field) if self.options.key_field.isdecimal() else KEY_FIELD

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        if request.headers.get("x-redmine-api-key") != self.options.api_key.get_secret_value():
            return httpx.Response(401, request=request)
        base = httpx.URL(self.options.base).path.rstrip("/")
        path = request.url.path.removeprefix(base)
        for method, pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return answer(request, *found.groups())
        return httpx.Response(404, request=request)

    def _routes(self) -> Iterable[tuple[str, str, Callable[..., httpx.Response]]]:
        return (
            ("GET", r"/issues/(\d+)\.json", self._show),
            ("PUT", r"/issues/(\d+)\.json", self._update),
            ("GET", r"/issues\.json", self._index),
            ("POST", r"/projects/\d+/issues\.json", self._create),
            ("GET", r"/projects/([^/]+)\.json", self._project),
            ("GET", r"/(.+)\.json", self._list),
        )

    def _create(self, request: httpx.Request) -> httpx.Response:
        content = json.loads(request.content)["issue"]
        if not content.get("subject"):
            return httpx.Response(422, json={"errors": ["Subject cannot be blank"]}, request=request)
        issue = {**content, "id": next(self.numbers), "status": STATUSES[0], "journals": []}
        issue["project"] = {"id": content["project_id"]}
        self.issues[issue["id"]] = issue
        return httpx.Response(201, json={"issue": issue}, request=request)

    def _show(self, request: httpx.Request, number: str) -> httpx.Response:
        issue = self.issues.get(int(number))
        if issue is None:
            return httpx.Response(404, request=request)
        return _ok(request, issue={**issue, "allowed_statuses": self.statuses})

    def _update(self, request: httpx.Request, number: str) -> httpx.Response:
        issue = self.issues.get(int(number))
        if issue is None:
            return httpx.Response(404, request=request)
        content = json.loads(request.content)["issue"]
        if status := content.get("status_id"):
            issue["status"] = next(each for each in self.statuses if each["id"] == status)
        issue["journals"].append({"notes": content.get("notes", ""), "status": issue["status"]["name"]})
        return httpx.Response(204, request=request)

    def _index(self, request: httpx.Request) -> httpx.Response:
        wanted = request.url.params
        by_field, part = wanted.get(f"cf_{self.key_field}"), wanted.get("description", "").removeprefix("~")
        found = [each for each in self.issues.values() if _bears(each, by_field, part)]
        return _ok(request, issues=found, total_count=len(found))

    def _project(self, request: httpx.Request, name: str) -> httpx.Response:
        project = {"id": 1 if name in ("1", self.options.project) else 2, "name": name}
        lists = {
            "trackers": self._named("tracker"),
            "issue_categories": self._named("category"),
            "issue_custom_fields": [{"id": self.key_field, "name": self.options.key_field}],
        }
        return _ok(request, project={**project, **lists})

    def _list(self, request: httpx.Request, path: str) -> httpx.Response:
        kind = path.rpartition("/")[2]
        answers: Json = {
            "current": {"user": {"id": 1, "admin": True}},
            "issue_statuses": {"issue_statuses": self.statuses},
            "issue_priorities": {"issue_priorities": self._named("priority")},
            "memberships": {
                "memberships": [{"user": each} for each in self._named("assignee")],
                "total_count": 1,
            },
            "custom_fields": {"custom_fields": []},
        }
        return _ok(request, **answers[kind]) if kind in answers else httpx.Response(404, request=request)

    def _named(self, setting: str) -> list[Json]:
        said = [getattr(self.options, setting), *(getattr(rule, setting) for rule in self.options.rules)]
        return [{"id": number, "name": name} for number, name in enumerate(filter(None, said), 11)]


def _ok(request: httpx.Request, **content: Any) -> httpx.Response:
    return httpx.Response(200, json=content, request=request)


def _bears(issue: Json, by_field: str | None, part: str) -> bool:
    if by_field is not None:
        return any(field["value"] == by_field for field in issue.get("custom_fields", []))
    return part in issue["description"]
