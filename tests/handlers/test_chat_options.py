"""What the chat handler is told by the environment."""

import json
import subprocess
import sys

import pytest

from handlers.chat import Options
from receiver.api import Status
from receiver.settings import SettingsError, read_options
from tests.handlers.chatting import TOKEN, logged, options

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/"
PAGER = "json://pager.example/hush"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("CHAT_URLS", "CHAT_ROUTES", "CHAT_LINK"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_urls_alone_are_enough(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHAT_URLS", f"{SLACK}, {PAGER}")
    chosen = read_options(Options, "CHAT")
    assert [str(target) for target in chosen.targets.values()] == ["slack (target 1)", "json (target 2)"]
    assert chosen.places_of(Status.PASSWORD_INCORRECT) == [*chosen.targets]
    assert chosen.places_of(Status.WEBSITE_DOWN) == []


def test_routes_alone_are_enough_and_a_url_that_is_named_twice_is_one_place(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("CHAT_ROUTES", json.dumps({"needs_owner": SLACK, "WEBSITE_DOWN": [PAGER, SLACK]}))
    chosen = read_options(Options, "CHAT")
    slack, pager = chosen.targets
    assert [str(target) for target in chosen.targets.values()] == ["slack (target 1)", "json (target 2)"]
    assert chosen.places_of(Status.PASSWORD_INCORRECT) == [slack]
    assert chosen.places_of(Status.WEBSITE_DOWN) == [pager, slack]
    assert chosen.places_of(Status.NO_ACCOUNTS_FOUND) == []


def test_every_option_is_described() -> None:
    assert all(field.description for field in Options.model_fields.values())


def test_no_dump_of_the_options_shows_a_token() -> None:
    chosen = options(f"mmost://chat.example/{TOKEN}", routes={"healthy": PAGER})
    for shown in (repr(chosen), str(chosen.model_dump()), repr(chosen.targets), str([*chosen.targets])):
        assert TOKEN not in shown
        assert "hush" not in shown


@pytest.mark.parametrize("url", ["hush", "hush://x", "https://example.com/hush", "slack://hush", "mmost://"])
def test_a_url_that_apprise_makes_nothing_of_is_refused_without_repeating_it(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    problem = "each must be a URL as Apprise understands them, such as slack://TokenA/TokenB/TokenC/"
    with logged() as lines:
        environment.setenv("CHAT_URLS", f"{SLACK},{url}")
        assert trouble() == f"CHAT_URLS: {problem}"
        environment.setenv("CHAT_URLS", SLACK)
        environment.setenv("CHAT_ROUTES", json.dumps({"needs_owner": [url]}))
        assert trouble() == f"CHAT_ROUTES: {problem}"
    assert lines.getvalue() == ""


@pytest.mark.parametrize(
    ("routes", "problem"),
    [
        ("needs_owner", "must be JSON, such as"),
        ("{hush", "is not valid JSON"),
        ('["hush"]', "must be JSON, such as"),
        ('{"needs_ownr": []}', "'needs_ownr' must be one of needs_owner, needs_operator, unknown, healthy, "),
        ('{"json://hush": "needs_owner"}', "what is on the left of a colon must be one of needs_owner"),
        ('{"healthy": []}', "who was told of trouble is told of its end"),
        ('{"CONNECTED": []}', "who was told of trouble is told of its end"),
        ('{"needs_owner": 7}', "Input should be a valid tuple"),
    ],
)  # fmt: skip
def test_wrong_routes_are_refused_and_no_url_is_repeated(
    environment: pytest.MonkeyPatch, routes: str, problem: str
) -> None:
    environment.setenv("CHAT_URLS", SLACK)
    environment.setenv("CHAT_ROUTES", routes)
    assert trouble().startswith(f"CHAT_ROUTES: {problem}")


def test_messages_must_go_somewhere(environment: pytest.MonkeyPatch) -> None:
    nowhere = "CHAT_ROUTES: names no URL, nor does CHAT_URLS: messages would go nowhere"
    assert trouble() == nowhere
    environment.setenv("CHAT_ROUTES", '{"needs_owner": []}')
    assert trouble() == nowhere


@pytest.mark.parametrize("link", ["hush", "https://crm.example.com", "javascript:{id}"])
def test_a_link_must_name_its_connection(environment: pytest.MonkeyPatch, link: str) -> None:
    environment.setenv("CHAT_URLS", SLACK)
    environment.setenv("CHAT_LINK", link)
    assert trouble() == "CHAT_LINK: must look like https://crm.example.com/connections/{id}"


def trouble() -> str:
    with pytest.raises(SettingsError) as refusal:
        read_options(Options, "CHAT")
    assert "hush" not in str(refusal.value)
    return str(refusal.value)


WITHOUT_APPRISE = """
import sys
sys.modules["apprise"] = None
from receiver.settings import SettingsError, read_options
from handlers.chat import chat
print(chat.name, "|", chat.summary)
try:
    read_options(chat.options, "CHAT")
except SettingsError as error:
    print(error)
"""


def test_without_the_extra_the_handler_is_there_and_says_how_to_install_it() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_APPRISE],
        env={"CHAT_URLS": SLACK},
        capture_output=True,
        text=True,
        check=True,
    )
    listed, problem = ran.stdout.splitlines()
    assert listed.startswith("chat | Tell Slack")
    assert problem == 'CHAT_URLS: needs Apprise, which is not installed: pip install "nectar-router[chat]"'
