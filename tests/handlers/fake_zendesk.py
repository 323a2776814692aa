"""Zendesk as its documentation has it, with an account in memory."""

from typing import Any

from handlers.zendesk import Options, zendesk
from handlers.zendesk.stand_in import _plain
from handlers.zendesk.tracker import Zendesk
from tests.handlers.fake_tracker import TOKEN, FakeTracker
from tests.handlers.vendor_openapi import OpenApi

EMAIL = "nectar@acme.example"


class FakeZendesk(FakeTracker):
    """One account."""

    handler = zendesk
    tracker = Zendesk
    creating = ("POST", r"/api/v2/tickets")
    looking = ("GET", r"/api/v2/tickets/\d+")
    commenting = ("PUT", r"/api/v2/tickets/\d+")

    def __init__(self) -> None:
        super().__init__("zendesk", OpenApi("zendesk"))

    def options(self, **more: Any) -> Options:
        """Options with which to write here."""
        return Options.model_validate({"url": self.url, "email": EMAIL, "token": TOKEN, **more})

    def headers(self) -> dict[str, str]:
        """What Zendesk adds to each answer."""
        return {"x-rate-limit": "700", "x-rate-limit-remaining": "699", "x-zendesk-request-id": "made-up"}

    @property
    def tickets(self) -> list[Any]:
        """As the stand-in keeps them."""
        return [*self.stand_in.tickets.values()]

    def is_open(self, number: int) -> bool:
        """People still see it."""
        return self.stand_in.tickets[number]["status"] not in ("solved", "closed")

    def texts(self, number: int) -> list[str]:
        """The body, then the comments."""
        return [_plain(each)["plain_body"] for each in self.stand_in.tickets[number]["comments"]]

    def add_comment(self, number: int, text: str) -> None:
        """A person writes in it."""
        self.stand_in.tickets[number]["comments"].append({"html_body": text})

    def close(self, number: int) -> None:
        """A person solves it."""
        self.stand_in.tickets[number]["status"] = "solved"

    def delete(self, number: int) -> None:
        """A person deletes it."""
        del self.stand_in.tickets[number]

    def finish(self, number: int) -> None:
        """It was solved so long ago that Zendesk has closed it."""
        self.stand_in.tickets[number]["status"] = "closed"
