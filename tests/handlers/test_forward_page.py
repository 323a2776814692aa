"""handlers/forward/README.md says what is so."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from handlers.forward import Options
from handlers.forward.encoding import encode, sign
from handlers.forward.event import TYPE, make_event
from handlers.forward.options import Mode
from receiver.testing import make_change, make_connection
from tests.handlers.forwarding import BROKEN, NEXT_SECRET, SECRET, options

PAGE = (Path(__file__).parents[2] / "handlers/forward/README.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_every_variable_is_in_the_table() -> None:
    listed = set(re.findall(r"^\| `(FORWARD_\w+)` \|", PAGE, re.MULTILINE))
    assert listed == {f"FORWARD_{name.upper()}" for name in Options.model_fields}


def test_the_example_has_the_shape_of_an_event() -> None:
    event = make_event(BROKEN, id="x", source="/x", include_personal=False)
    example: dict[str, Any] = json.loads(block("json"))
    made: dict[str, Any] = json.loads(encode(event, Mode.STRUCTURED).body)
    assert [*example] == [*made]
    assert [*example["data"]] == [*made["data"]]
    assert example["type"] == TYPE
    assert example["data"]["connection"].items() <= made["data"]["connection"].items()


@pytest.mark.parametrize("mode", [*Mode])
def test_the_receiver_takes_what_is_ours_and_nothing_else(mode: Mode) -> None:
    space: dict[str, Any] = {}
    exec(block("python").replace("whsec_...", SECRET), space)  # noqa: S102 - our own page
    event = make_event(make_change(make_connection()), id="x", source="/x", include_personal=False)
    now = int(time.time())
    for secret, is_ours in ((SECRET, True), (NEXT_SECRET, False)):
        [key] = options("https://a.example", secret=[secret]).keys
        message = sign(encode(event, mode), [key], event.id, now)
        headers = {name.lower(): value for name, value in message.headers.items()}
        if is_ours:
            space["receive"](headers, message.body)
        else:
            with pytest.raises(WebhookVerificationError):
                space["receive"](headers, message.body)
