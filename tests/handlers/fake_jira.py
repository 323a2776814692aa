"""Jira Cloud as its description has it, with a project in memory."""

import json
from typing import Any

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it brings no types

from handlers.jira import Options, jira
from handlers.jira.adf import document, plain
from handlers.jira.tracker import Jira
from tests.handlers.fake_tracker import TOKEN, FakeTracker
from tests.handlers.vendor_openapi import OpenApi
from tests.handlers.vendor_spec import SPECS

EMAIL = "nectar@acme.example"


class JiraApi(OpenApi):
    """Atlassian's description leaves the documents open: they are held against one of their own."""

    def __init__(self) -> None:
        super().__init__("jira-cloud-v3", "jira-more")
        self._documents = Draft202012Validator(json.loads((SPECS / "adf.json").read_text()))

    def check(self, request: httpx.Request) -> None:
        """Raise AssertionError that says what about the request is not as described."""
        super().check(request)
        body = json.loads(request.content) if request.content else {}
        fields = body.get("fields")
        described = fields.get("description") if isinstance(fields, dict) else None
        for each in (body.get("body"), described):
            wrong = [] if each is None else [*self._documents.iter_errors(each)]
            assert not wrong, wrong[0].message


class FakeJira(FakeTracker):
    """A site with one project."""

    handler = jira
    tracker = Jira
    creating = ("POST", r"/rest/api/3/issue")
    looking = ("GET", r"/rest/api/3/issue/\d+")
    commenting = ("POST", r"/rest/api/3/issue/\d+/comment")

    def __init__(self) -> None:
        super().__init__("jira-cloud-v3", JiraApi())

    def options(self, **more: Any) -> Options:
        """Options with which to write here."""
        named = {"url": self.url, "email": EMAIL, "token": TOKEN, "project": "UTIL"}
        return Options.model_validate({**named, **more})

    def headers(self) -> dict[str, str]:
        """What Jira adds to each answer."""
        return {"atl-traceid": "0123456789abcdef0123456789abcdef", "x-arequestid": "made-up"}

    @property
    def tickets(self) -> list[Any]:
        """As the stand-in keeps them."""
        return [*self.stand_in.issues.values()]

    def is_open(self, number: int) -> bool:
        """People still see it."""
        return bool(self._fields(number)["status"]["statusCategory"]["key"] != "done")

    def texts(self, number: int) -> list[str]:
        """The body, then the comments."""
        issue = self.stand_in.issues[10000 + number]
        return [plain(issue["fields"]["description"]), *(plain(each["body"]) for each in issue["comments"])]

    def add_comment(self, number: int, text: str) -> None:
        """A person writes in it."""
        self.stand_in.issues[10000 + number]["comments"].append({"body": document(text)})

    def close(self, number: int) -> None:
        """A person closes it."""
        self._fields(number)["status"] = self.stand_in.closed_status

    def delete(self, number: int) -> None:
        """A person deletes it."""
        del self.stand_in.issues[10000 + number]

    def finish(self, number: int) -> None:
        """The workflow lets nothing out of done."""
        self.close(number)
        self.stand_in.can_reopen = False

    def _fields(self, number: int) -> Any:
        return self.stand_in.issues[10000 + number]["fields"]
