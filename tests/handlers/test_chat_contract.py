"""The chat handler in every situation that the router can bring about."""

from handlers.chat import chat
from receiver.testing import check_handler
from tests.handlers.chatting import TOKEN, options

SLACKLIKE, PAGER = f"mmost://chat.example/{TOKEN}", "json://pager.example/"


def test_it_keeps_the_contract() -> None:
    check_handler(chat, options(SLACKLIKE, routes={"WEBSITE_DOWN": SLACKLIKE}))


def test_with_two_places_it_keeps_the_contract_too() -> None:
    """To the suite two messages are the same message twice; they go to two places, each as a step of its own
    (tests/handlers/test_chat_sending.py)."""
    check_handler(chat, options(SLACKLIKE, PAGER), allow=["not-idempotent"])
