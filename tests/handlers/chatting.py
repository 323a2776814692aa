"""The chat handler run against listeners."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import JsonValue

from handlers.chat import Options, chat
from receiver.api import Connection, Context, Outcome, RetryLater
from receiver.testing import MemorySteps, make_change, make_connection, make_context
from tests.handlers.listener import Listener

TOKEN = "3ccdd113474722377935511fc85d3dd4"
"""As it stands in a Mattermost URL."""
BROKEN, WORKS = make_connection("PASSWORD_INCORRECT"), make_connection("CONNECTED")
RESETS, DOWN = make_connection("NEW_PASSWORD_NEEDED"), make_connection("WEBSITE_DOWN")


def options(*urls: str, **more: Any) -> Options:
    return Options.model_validate({"urls": urls, **more})


def json_url(listener: Listener) -> str:
    """An Apprise URL whose messages arrive as JSON."""
    return f"json://127.0.0.1:{listener.port}/"


class Story:
    """What the handler does about one connection, delivery after delivery; its memory and steps are kept."""

    def __init__(self, chosen: Options) -> None:
        self.options = chosen
        self.memory: dict[str, JsonValue] = {}
        self.steps = MemorySteps()

    def context(self) -> Context[Options]:
        return make_context(self.options, memory=self.memory, steps=self.steps)

    async def show(self, connection: Connection) -> Outcome:
        """One attempt. Once it succeeds the finished steps are forgotten, as in the router."""
        outcome = await chat(make_change(connection), self.context())
        if not isinstance(outcome, RetryLater):
            self.steps.finished.clear()
        return outcome


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What arrives where the router's log is written. (pytest's `caplog` listens at each logger as well.)"""
    lines, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(lines), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def bodies(listener: Listener) -> list[str]:
    """The first line of each message's body."""
    return [json.loads(posted.body)["message"].splitlines()[0] for posted in listener.posted]
