"""GitHub as its description has it, with a repository in memory."""

from typing import Any

from handlers.github import Options, github
from handlers.github.tracker import GitHub
from tests.handlers.fake_tracker import TOKEN, FakeTracker
from tests.handlers.vendor_openapi import OpenApi


class FakeGitHub(FakeTracker):
    """One repository."""

    handler = github
    tracker = GitHub
    creating = ("POST", r"/repos/acme/tickets/issues")
    looking = ("GET", r"/repos/acme/tickets/issues/\d+")
    commenting = ("POST", r"/repos/acme/tickets/issues/\d+/comments")

    def __init__(self) -> None:
        super().__init__("github-issues", OpenApi("github-issues"))

    def options(self, **more: Any) -> Options:
        """Options with which to write here."""
        named = {"url": self.url, "token": TOKEN, "owner": "acme", "repo": "tickets"}
        return Options.model_validate({**named, **more})

    def headers(self) -> dict[str, str]:
        """What GitHub adds to each answer."""
        return {
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": "4999",
            "x-github-request-id": "made-up",
        }

    @property
    def tickets(self) -> list[Any]:
        """As the stand-in keeps them."""
        return [*self.stand_in.issues.values()]

    def is_open(self, number: int) -> bool:
        """People still see it."""
        return bool(self.stand_in.issues[number]["state"] == "open")

    def texts(self, number: int) -> list[str]:
        """The body, then the comments."""
        issue = self.stand_in.issues[number]
        return [issue["body"], *(each["body"] for each in issue["written"])]

    def add_comment(self, number: int, text: str) -> None:
        """A person writes in it."""
        self.stand_in.issues[number]["written"].append({"body": text})

    def close(self, number: int) -> None:
        """A person closes it."""
        self.stand_in.issues[number]["state"] = "closed"

    def delete(self, number: int) -> None:
        """A person deletes it."""
        del self.stand_in.issues[number]

    def finish(self, number: int) -> None:
        """A person closes it and locks it."""
        self.close(number)
        self.stand_in.issues[number]["locked"] = True
