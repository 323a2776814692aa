"""A repository in memory, for rehearsals and tests: as much of GitHub's API as the tracker uses."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

from handlers.github.options import Options

Json: TypeAlias = dict[str, Any]
MISSING = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


@dataclass
class StandIn:
    """Answers a request as GitHub would."""

    options: Options
    issues: dict[int, Json] = field(default_factory=dict)
    made: int = 0
    keeps_labels: bool = True
    """We have push access."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        if request.headers.get("authorization") != f"Bearer {self.options.token.get_secret_value()}":
            return httpx.Response(401, json={"message": "Bad credentials", "status": "401"})
        here = httpx.URL(self.options.base).path
        path = request.url.path.removeprefix(here)
        for method, pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return answer(request, *found.groups())
        return httpx.Response(404, json=MISSING)

    def _routes(self) -> Iterable[tuple[str, str, Callable[..., httpx.Response]]]:
        return (
            ("GET", r"/issues/(\d+)", self._show),
            ("PATCH", r"/issues/(\d+)", self._change),
            ("GET", r"/issues/(\d+)/comments", self._comments),
            ("POST", r"/issues/(\d+)/comments", self._comment),
            ("GET", r"/issues", self._list),
            ("POST", r"/issues", self._create),
            ("GET", r".*/search/issues", self._search),
            ("GET", r"", self._repository),
        )

    def _repository(self, request: httpx.Request) -> httpx.Response:
        rights = {"push": self.keeps_labels, "triage": self.keeps_labels, "pull": True}
        return httpx.Response(200, json={"has_issues": True, "archived": False, "permissions": rights})

    def _create(self, request: httpx.Request) -> httpx.Response:
        content = json.loads(request.content)
        if not content.get("title"):
            error = {"resource": "Issue", "code": "missing_field", "field": "title"}
            return httpx.Response(422, json={"message": "Validation Failed", "errors": [error]})
        self.made += 1
        labels = [{"name": name} for name in content.get("labels", []) if self.keeps_labels]
        issue = {**content, "number": self.made, "state": "open", "locked": False, "labels": labels}
        self.issues[self.made] = {**issue, "written": []}
        return httpx.Response(201, json=_shown(self.issues[self.made]))

    def _show(self, request: httpx.Request, number: str) -> httpx.Response:
        issue = self.issues.get(int(number))
        return httpx.Response(200, json=_shown(issue)) if issue else httpx.Response(404, json=MISSING)

    def _change(self, request: httpx.Request, number: str) -> httpx.Response:
        issue = self.issues.get(int(number))
        if issue is None:
            return httpx.Response(404, json=MISSING)
        issue |= json.loads(request.content)
        return httpx.Response(200, json=_shown(issue))

    def _comment(self, request: httpx.Request, number: str) -> httpx.Response:
        issue = self.issues.get(int(number))
        if issue is None:
            return httpx.Response(404, json=MISSING)
        issue["written"].append(json.loads(request.content))
        return httpx.Response(201, json={"id": len(issue["written"])})

    def _comments(self, request: httpx.Request, number: str) -> httpx.Response:
        return httpx.Response(200, json=_page(request, self.issues[int(number)]["written"]))

    def _list(self, request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["labels"]
        found = [each for each in self.issues.values() if {"name": wanted} in each["labels"]]
        return httpx.Response(200, json=_page(request, [*map(_shown, found)]))

    def _search(self, request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["q"].split('"')[1]
        found = [_shown(each) for each in self.issues.values() if wanted in each["body"]]
        return httpx.Response(
            200, json={"total_count": len(found), "incomplete_results": False, "items": found}
        )


def _shown(issue: Json) -> Json:
    return {name: value for name, value in issue.items() if name != "written"}


def _page(request: httpx.Request, items: list[Json]) -> list[Json]:
    size, number = int(request.url.params.get("per_page", 30)), int(request.url.params.get("page", 1))
    return items[size * (number - 1) : size * number]
