"""What the chat handler says."""
# ruff: noqa: RUF001 - characters that look like markup and are none

import pytest

from handlers.chat.message import Kind, compose, plain
from handlers.chat.words import WORDS, words_for
from receiver.api import Connection, Status
from receiver.testing import make_connection
from tests.handlers.chatting import BROKEN, WORKS


def test_a_message_says_which_connection_what_happened_who_must_act_since_when_and_where_to_look() -> None:
    message = compose(BROKEN, "https://crm.example.com/{id}")
    assert message.title == "Harbor Electric of Northwind Properties (6f9f1c52)"
    assert message.body.splitlines() == [
        "The utility refused the password. (PASSWORD_INCORRECT)",
        "The owner of the login must enter the right one.",
        "Since 3 November 2025, 06:00 UTC.",
        "https://crm.example.com/6f9f1c52-7a0e-4c39-9a63-52d1f4b0c7ae",
    ]


def test_without_a_page_to_look_at_the_connections_id_is_there() -> None:
    assert compose(BROKEN, "").body.splitlines()[-1] == "Connection 6f9f1c52-7a0e-4c39-9a63-52d1f4b0c7ae"


def test_the_end_of_trouble_reads_like_it() -> None:
    message = compose(WORKS, "")
    assert message.body.startswith("The connection works again.\nNothing is left to do.\n")
    assert message.kind is Kind.SUCCESS


def test_all_messages_about_a_connection_bear_one_title_that_no_other_bears() -> None:
    """A pager opens an incident by the first line, and closes it by the same."""
    other = make_connection(id="00000000-7a0e-4c39-9a63-52d1f4b0c7ae")
    assert compose(BROKEN, "").title == compose(WORKS, "").title != compose(other, "").title


def test_there_are_words_for_every_status() -> None:
    assert WORDS.keys() == set(Status)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("OTHER_ERROR", Kind.FAILURE), ("WEBSITE_DOWN", Kind.WARNING), ("NEW_ONE", Kind.WARNING)],
)
def test_what_somebody_must_mend_is_a_failure_and_the_rest_a_warning(status: str, kind: Kind) -> None:
    assert compose(make_connection(status), "").kind is kind


def test_a_status_that_nectar_added_since_is_named() -> None:
    message = compose(make_connection("NEW_<!here>"), "")
    assert message.body.startswith("Nectar gave it a status that is new to this router. (NEW_‹!here›)\n")
    assert words_for(Status("")).happened == "Nectar gave it no status."
    assert "()" not in compose(make_connection(""), "").body


def test_since_when_is_since_nectar_first_saw_it_or_else_since_it_was_last_set() -> None:
    last = {"status_last_update_time": "2025-06-07T08:09Z"}
    seen = make_connection(status_first_seen_time="2025-01-02T03:04:05Z", **last)
    assert "Since 2 January 2025, 03:04 UTC." in compose(seen, "").body
    unseen = make_connection(status_first_seen_time=None, **last)
    assert "Since 7 June 2025, 08:09 UTC." in compose(unseen, "").body


def test_what_is_missing_is_left_out() -> None:
    bare = make_connection(
        company=None, datasource=None, status_first_seen_time=None, status_last_update_time=None
    )
    message = compose(bare, "")
    assert message.title == "A utility (6f9f1c52)"
    assert "Since" not in message.body


def test_no_user_name_address_or_link_that_edits_is_in_it() -> None:
    connection = make_connection(
        username="pat-7",
        workflow_owner_email="pat@acme.example",
        connection_magic_link_secret="hush-hush",
        status_error_detail="pat-7 is locked",
        url="https://pat-7@login.example",
    )
    for status in (*Status, Status("NEW_ONE")):
        message = compose(Connection.model_validate({**connection.model_dump(), "status": status}), "")
        assert not any(word in f"{message}" for word in ("pat", "hush", "workflow"))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Acme <!everyone>", "Acme ‹!everyone›"),
        ("@here Acme", "＠here Acme"),
        ("[Acme](https://evil.example)", "(Acme)(https://evil.example)"),
        ("`Acme`\r\n\x00Inc.", "'Acme' Inc."),
        ("x" * 90, "x" * 79 + "…"),
    ],
)
def test_a_name_makes_no_links_and_alarms_nobody(written: str, shown: str) -> None:
    assert plain(written) == shown
    assert shown in compose(make_connection(company={"name": written}), "").title
