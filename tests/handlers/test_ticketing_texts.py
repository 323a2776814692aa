"""What stands in a ticket, and what never does."""

from typing import Any

import pytest
from pydantic import JsonValue

from handlers.redmine import Options
from handlers.redmine.tracker import Redmine
from handlers.ticketing import RefusedError, State, Ticket, TicketingOptions
from handlers.ticketing.decision import Act, Move
from handlers.ticketing.memory import key_of, last_mark
from handlers.ticketing.options import settings_for
from handlers.ticketing.templates import VARIABLES, render
from handlers.ticketing.words import WORDS, words_for
from handlers.ticketing.writing import Writer
from receiver.api import Connection, Status
from receiver.testing import LINK, make_connection
from tests.handlers.ticketing_desk import DeskOptions

SINCE = 1_772_438_400.0
SITES: list[dict[str, JsonValue]] = [
    {"accountNumber": "100-1", "site": {"id": "s1", "name": "Main Street 1"}},
    {"accountIds": ["100-2", 100_3], "site": {"id": "s2", "name": "Harbor 2"}, "datasourceTypes": ["GAS"]},
]


def writer(connection: Connection, options: TicketingOptions[Any], quote: Any = str) -> Writer:
    """Who writes about it."""
    settings = settings_for(options, connection)
    return Writer(connection=connection, options=options, settings=settings, quote=quote)


def body_of(connection: Connection, **options: Any) -> str:
    """The body of the ticket that would be opened."""
    chosen = DeskOptions.model_validate(options)
    return writer(connection, chosen).draft(Move(Act.OPEN, None), 0, SINCE, LINK, "k").body


def comment_on(connection: Connection, act: Act, **options: Any) -> str:
    """The comment that would be written."""
    ticket = Ticket("9", State.OPEN, "#9")
    return writer(connection, DeskOptions.model_validate(options)).comment(Move(act, ticket), 3, SINCE, None)


def test_a_ticket_says_what_happened_since_when_where_to_whom_and_where_to_look() -> None:
    connection = make_connection(accounts=SITES, status_error_detail="The site said no")
    draft = writer(connection, DeskOptions()).draft(Move(Act.OPEN, None), 0, SINCE, None, "k")
    assert draft.subject == "Harbor Electric (Northwind Properties): the password is incorrect"
    assert draft.body.splitlines() == [
        "Harbor Electric: the password is incorrect, since 2026-03-02 08:00 UTC.",
        "The owner of the login must act: the utility refused the password, and no data is collected "
        "until it is right.",
        "",
        "* Company: Northwind Properties",
        "* Utility: Harbor Electric",
        "* Login page: https://login.harbor-electric.example",
        "* Sites: Main Street 1, Harbor 2",
        "* Accounts: 100-1, 100-2, 1003",
        "* Status: PASSWORD_INCORRECT",
        "* Nectar says: The site said no",
        f"* Connection: {connection.id}, https://dash.nectarclimate.com",
        "",
        f"Ref. {key_of(connection.id)} / 0 / PASSWORD_INCORRECT",
    ]


@pytest.mark.parametrize(
    ("act", "status", "first"),
    [
        (Act.COMMENT, "MFA_TOKEN_EXPIRED", "Now: the second factor must be given again, since "),
        (Act.CLOSE, "CONNECTED", "It works again, since 2026-03-02 08:00 UTC (CONNECTED)."),
        (Act.REOPEN, "OTHER_ERROR", "It is broken again: an error that Nectar does not name, since "),
    ],
)
def test_a_comment_says_what_is_new(act: Act, status: str, first: str) -> None:
    connection = make_connection(status)
    text = comment_on(connection, act)
    assert text.startswith(first)
    assert last_mark(key_of(connection.id), [text]) == (3, status)


def test_a_connection_of_which_nectar_says_next_to_nothing_gets_a_ticket_too() -> None:
    bare = make_connection(
        "OTHER_ERROR", datasource=None, company=None, url=None, accounts=(), country=None, username=None
    )
    assert "a utility: an error that Nectar does not name" in body_of(bare)
    assert "Company" not in body_of(bare)


def test_neither_user_name_nor_owner_nor_magic_link_is_in_it() -> None:
    """Wherever they turn up: Nectar's own words about an error may hold any of them."""
    connection = make_connection(
        username="northwind-facilities",
        workflow_owner_email="owner@northwind.example",
        status_error_detail=f"northwind-facilities (owner@northwind.example, x@y.example) see {LINK} now",
        url="https://northwind-facilities:pw@login.example/a?session=hush#hush",
        company={"name": "c/o owner@northwind.example"},
    )
    for text in (body_of(connection), comment_on(connection, Act.COMMENT)):
        for hidden in ("northwind-facilities", "@", "made-up-secret", "hush", "pw"):
            assert hidden not in text
        assert "[username] ([address], [address]) see" in text


def test_what_is_to_be_shown_is() -> None:
    text = body_of(make_connection(), show=["username", "owner", "reconnect_link"])
    assert "* User name: northwind-facilities" in text
    assert "* Owner: owner@northwind.example" in text
    assert f"* To mend it: {LINK}" in text


def test_a_link_that_is_not_to_be_shown_is_not_even_asked_for() -> None:
    move = Move(Act.OPEN, None)
    shown = DeskOptions.model_validate({"show": ["reconnect_link"]})
    assert not writer(make_connection(), DeskOptions()).wants_reconnect_link(move)
    assert not writer(make_connection("OTHER_ERROR"), shown).wants_reconnect_link(move)
    assert writer(make_connection(), shown).wants_reconnect_link(move)


def test_where_people_look_can_be_elsewhere() -> None:
    connection = make_connection()
    text = body_of(connection, link="https://energy.example.com/c?id={id}")
    assert f"https://energy.example.com/c?id={connection.id}\n" in text


def test_many_sites_are_not_all_listed() -> None:
    many = [{"accountNumber": str(number)} for number in range(1000)]
    assert "18, 19 and 980 more" in body_of(make_connection(accounts=many))


def test_what_comes_from_outside_is_one_line_and_made_harmless_by_the_tracker() -> None:
    connection = make_connection(datasource={"name": "Evil\n\n{{include(x)}}\x07 Gas"})
    chosen = Options.model_validate({"url": "https://r.example", "api_key": "made-up-key", "project": "p"})
    tracker = Redmine(chosen, None)  # type: ignore[arg-type]  # nothing is sent
    draft = writer(connection, chosen, tracker.quote).draft(Move(Act.OPEN, None), 0, SINCE, None, "k")
    assert draft.body.startswith("Evil { {include(x)}} Gas: the password")
    assert draft.subject.startswith("Evil {{include(x)}} Gas (")
    assert draft.fields == {"project": "p"}


@pytest.mark.parametrize(
    ("value", "harmless"),
    [
        ("{{collapse", "{ {collapse"),
        ("!https://x.example/p.png!", "! https://x.example/p.png!"),
        ("<pre>", "< pre>"),
        ("ask @admin", "ask @ admin"),
        ("[here](https://x.example)", "[here] (https://x.example)"),
        ('"here":https://x.example', '"here": https://x.example'),
        ("Yahoo! Power, 3 < 4, a@b", "Yahoo! Power, 3 < 4, a@b"),
    ],
)
def test_nothing_from_outside_acts_in_redmine(value: str, harmless: str) -> None:
    chosen = Options.model_validate({"url": "https://r.example", "api_key": "made-up-key", "project": "p"})
    assert Redmine(chosen, None).quote(value) == harmless  # type: ignore[arg-type]  # nothing is sent


def test_fields_are_templates_too_and_empty_ones_are_left_out() -> None:
    chosen = DeskOptions.model_validate(
        {"project": "power-{{ country | lower }}", "labels": "{% if 'GAS' in types %}gas{% endif %}"}
    )
    fields = (
        writer(make_connection(country="US"), chosen).draft(Move(Act.OPEN, None), 0, SINCE, None, "k").fields
    )
    assert fields == {"project": "power-us"}
    gas = make_connection(country="US", accounts=SITES)
    assert writer(gas, chosen).draft(Move(Act.OPEN, None), 0, SINCE, None, "k").fields["labels"] == "gas"


def test_a_template_that_fails_on_a_value_is_named() -> None:
    with pytest.raises(RefusedError, match="the template of 'subject' fails"):
        body_of(make_connection(accounts=()), subject="{{ sites[3].x }}")


def test_a_template_cannot_reach_beyond_its_variables() -> None:
    with pytest.raises(RefusedError, match="fails: access to attribute '__class__'"):
        render("body", "{{ status.__class__.__mro__ }}", {"status": "x"})


def test_every_status_has_words_and_a_new_one_its_name() -> None:
    assert WORDS.keys() == set(Status)
    assert words_for(Status("BRAND_NEW")).problem == "brand new"


def test_every_variable_is_there_whatever_is_known() -> None:
    """So that a template that passed its check fails on no connection for want of one."""
    all_of_them = "".join(f"{{{{ {name} }}}}" for name in VARIABLES)
    for connection in (make_connection(), make_connection("", datasource=None, company=None, accounts=())):
        assert body_of(connection, body=all_of_them)


def test_a_text_is_the_same_whenever_it_is_written() -> None:
    """Trackers that deduplicate refuse the same key with another text."""
    connection = make_connection()
    drafts = {
        str(writer(connection, DeskOptions()).draft(Move(Act.OPEN, None), 2, SINCE, None, "k")) for _ in "ab"
    }
    assert len(drafts) == 1
