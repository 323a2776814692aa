"""handlers/chat/README.md says what is so."""

import json
import re
from pathlib import Path

import pytest

from handlers.chat import Options
from handlers.chat.message import compose
from handlers.chat.notifying import is_understood
from receiver.api import Status
from tests.handlers.chatting import BROKEN, options

PAGE = (Path(__file__).parents[2] / "handlers/chat/README.md").read_text()
URLS = sorted(set(re.findall(r"`(\w+://[^`\s]+)`", PAGE)))


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_every_variable_is_in_the_table() -> None:
    listed = set(re.findall(r"^\| `(CHAT_\w+)` \|", PAGE, re.MULTILINE))
    assert listed == {f"CHAT_{name.upper()}" for name in Options.model_fields}


def test_the_example_is_a_message() -> None:
    message = compose(BROKEN, "https://crm.example.com/connections/{id}")
    assert block("text") == f"{message.title}\n{message.body}\n"


@pytest.mark.parametrize("url", URLS)
def test_apprise_understands_each_url(url: str) -> None:
    assert is_understood(url)


def test_the_routes_are_taken() -> None:
    chosen = Options.model_validate({"routes": json.loads(block("json"))})
    assert len(chosen.targets) == 4
    assert chosen.places_of(Status.NO_ACCOUNTS_FOUND) == []


def test_the_table_of_statuses_is_complete_and_right() -> None:
    usual = options("json://a.example")
    rows = re.findall(r"^\| ([A-Z][^|`]*) \| ([^|]*) \|", PAGE, re.MULTILINE)
    places = {name: place for names, place in rows for name in re.findall(r"[A-Z_]{7,}", names)}
    assert places.keys() == set(Status)
    for status in Status:
        told = bool(usual.places_of(status)) and not status.healthy
        assert (places[status] == "`CHAT_URLS`") == told
