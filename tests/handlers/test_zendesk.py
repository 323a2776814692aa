"""What is Zendesk's own: idempotency keys, tickets closed for good, placeholders, anonymous users."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from handlers.ticketing.memory import key_of
from handlers.zendesk.tracker import Zendesk
from receiver.api import Done, Rejected
from receiver.policy import Failure, Reaction
from receiver.testing import make_connection
from tests.handlers.fake_zendesk import FakeZendesk
from tests.handlers.tracker_desk import Desk
from tests.handlers.vendor_openapi import OpenApi

pytestmark = pytest.mark.anyio

KEY = key_of(make_connection().id)
BROKEN, OTHER, WORKS = "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "CONNECTED"


@pytest.fixture
async def account() -> AsyncIterator[FakeZendesk]:
    made = FakeZendesk()
    async with made.serving():
        yield made


async def test_a_ticket_is_placed_as_options_and_rules_say(account: FakeZendesk) -> None:
    desk = Desk(
        account, type="incident", tags="utility bills,login", rules=[{"country": "US", "group": "360"}]
    )
    assert await desk.show(BROKEN, country="US") == Done("#1")
    [ticket] = account.tickets
    assert (ticket["type"], ticket["group_id"], ticket["external_id"]) == ("incident", 360, KEY)
    assert ticket["tags"] == ["utility_bills", "login"]
    assert ticket["comment"]["public"] is False


async def test_a_ticket_that_was_made_though_its_answer_was_lost_is_not_made_again(
    account: FakeZendesk,
) -> None:
    """Even when nothing is remembered of the attempt and the listing does not show it yet."""
    account.lost.append(FakeZendesk.creating)
    assert isinstance(await Desk(account).show(BROKEN), Failure)
    account.refuse(("GET", r"/api/v2/tickets"), 200, {"tickets": []})
    assert await Desk(account).show(BROKEN) == Done("#1")
    assert len(account.tickets) == 1


async def test_nor_when_it_would_read_otherwise_by_now(account: FakeZendesk) -> None:
    """Zendesk refuses the key then; the ticket that was made is taken."""
    account.lost.append(FakeZendesk.creating)
    await Desk(account).show(BROKEN)
    account.refuse(("GET", r"/api/v2/tickets"), 200, {"tickets": []})
    assert await Desk(account, subject="Otherwise").show(BROKEN) == Done("#1")
    account.refuse(("GET", r"/api/v2/tickets"), 200, {"tickets": []})
    account.refuse(("GET", r"/api/v2/tickets"), 200, {"tickets": []})
    failure = await Desk(account, subject="Otherwise").show(BROKEN)
    assert isinstance(failure, Failure)
    assert failure.reaction is Reaction.RETRY


async def test_a_follow_up_names_the_ticket_that_is_closed_for_good(account: FakeZendesk) -> None:
    desk = Desk(account)
    for status in (BROKEN, WORKS):
        await desk.show(status)
    account.finish(1)
    assert await desk.show(BROKEN) == Done("#2")
    assert account.stand_in.tickets[2]["via_followup_source_id"] == 1


async def test_one_that_is_closed_between_look_and_word_is_followed_too(account: FakeZendesk) -> None:
    desk = Desk(account)
    for status in (BROKEN, WORKS):
        await desk.show(status)
    account.finish(1)
    solved = {"ticket": {"id": 1, "status": "solved", "external_id": KEY}}
    account.refuse(FakeZendesk.looking, 200, solved)
    assert await desk.show(BROKEN) == Done("#2")


async def test_what_zendesk_refuses_is_said_by_field(account: FakeZendesk) -> None:
    desk = Desk(account)
    await desk.show(BROKEN)
    details = {
        "assignee_id": [{"description": "Assignee: is required when solving a ticket", "error": "Blank"}]
    }
    account.refuse(FakeZendesk.commenting, 422, {"error": "RecordInvalid", "details": details})
    assert await desk.show(WORKS) == Rejected(
        "Zendesk does not take this ticket: assignee_id: Assignee: is required when solving a ticket"
    )


async def test_a_ticket_that_is_being_changed_by_somebody_else_is_tried_again(account: FakeZendesk) -> None:
    desk = Desk(account)
    await desk.show(BROKEN)
    account.refuse(FakeZendesk.commenting, 409, {"error": "Conflict"})
    failure = await desk.show(OTHER)
    assert isinstance(failure, Failure)
    assert failure.reaction is Reaction.RETRY


async def test_a_ticket_that_our_agent_may_not_see_any_more_is_followed_by_a_new_one(
    account: FakeZendesk,
) -> None:
    desk = Desk(account)
    await desk.show(BROKEN)
    account.stand_in.tickets[1]["external_id"] = None
    for _ in range(2):
        account.refuse(FakeZendesk.looking, 403, {"error": "Forbidden"})
    assert await desk.show(OTHER) == Done("#2")


async def test_an_address_that_zendesk_does_not_know_is_said(account: FakeZendesk) -> None:
    """It answers 200, with an anonymous user."""
    anonymous = {"user": {"id": None, "role": "end-user"}}
    account.refuse(("GET", r"/api/v2/users/me"), 200, anonymous)
    assert "ZENDESK_EMAIL" in await Desk(account).check()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"priority": "highest"}, "priority: there is no 'highest'; there are: low, normal, high, urgent"),
        ({"rules": [{"country": "US", "type": "bug"}]}, "type: there is no 'bug'"),
        ({"group": "Billing"}, "group: must be an id, a number"),
        ({"group": "360", "priority": "high"}, "takes our token"),
    ],
)
async def test_the_preflight_looks_at_all_that_is_named(
    account: FakeZendesk, more: dict[str, Any], says: str
) -> None:
    assert says in await Desk(account, **more).check()


async def test_the_preflight_says_that_a_group_is_not_there(account: FakeZendesk) -> None:
    account.refuse(("GET", r"/api/v2/groups/360"), 404, {"error": "RecordNotFound"})
    assert (
        await Desk(account, group="360").check() == "group: there is no 360 in Zendesk, or not for this agent"
    )


async def test_what_comes_from_outside_is_neither_markup_nor_a_placeholder(account: FakeZendesk) -> None:
    detail = "<b>now</b> {{ticket.requester.email}} {% if x %}"
    await Desk(account).show("OTHER_ERROR", status_error_detail=detail)
    html = account.tickets[0]["comment"]["html_body"]
    assert "&lt;b&gt;now&lt;/b&gt;" in html
    assert "{{" not in html
    assert "{%" not in html


@pytest.mark.parametrize("value", ["{{x}}", "{{{x}}}", "{%x%}", "{ {x} }", "{{{{"])
def test_no_placeholder_is_left_in_whatever_is_quoted(value: str) -> None:
    options = FakeZendesk.options(FakeZendesk(), url="https://acme.zendesk.example")
    quoted = Zendesk(options, httpx.AsyncClient(trust_env=False)).quote(value)
    assert not {"{{", "{%"} & {quoted[place : place + 2] for place in range(len(quoted))}
    assert quoted.replace(" ", "") == value.replace(" ", "")


TICKET = {"subject": "x", "comment": {"html_body": "x"}}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v2/ticket", {"ticket": TICKET}),
        ("POST", "/api/v2/tickets", TICKET),
        ("POST", "/api/v2/tickets", {"ticket": {**TICKET, "priority": "highest"}}),
        ("POST", "/api/v2/tickets", {"ticket": {**TICKET, "externalId": "x"}}),
        ("POST", "/api/v2/tickets", {"ticket": {**TICKET, "group_id": "360"}}),
        ("PUT", "/api/v2/tickets/1", {"ticket": {"status": "done"}}),
        ("PUT", "/api/v2/tickets/one", {"ticket": {"status": "solved"}}),
        ("GET", "/api/v2/tickets?externalid=x", None),
    ],
)
def test_what_zendesk_does_not_document_is_caught(method: str, path: str, body: Any) -> None:
    headers = {"idempotency-key": "x"}
    url = f"https://acme.zendesk.example{path}"
    with pytest.raises(AssertionError):
        OpenApi("zendesk").check(httpx.Request(method, url, json=body, headers=headers))
