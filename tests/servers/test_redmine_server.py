"""What is Redmine's own: its users, rights, projects, workflows and fields."""

from collections.abc import AsyncIterator

import httpx
import pytest

from handlers.redmine import Options, redmine
from handlers.redmine.options import RedmineRule
from receiver.policy import Reaction, judge
from receiver.testing import make_change, make_context
from tests.handlers.ticketing_town import told
from tests.servers.places import Routes
from tests.servers.redmine_place import RedminePlace

pytestmark = pytest.mark.anyio

PASSWORD, CONNECTED = "PASSWORD_INCORRECT", "CONNECTED"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """As `ctx.http`."""
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        yield client


async def check(options: Options, http: httpx.AsyncClient) -> str:
    """The preflight; what it found, or what it says is missing."""
    assert redmine.check is not None
    try:
        return await redmine.check(options, http)
    except Exception as error:  # noqa: BLE001 - whatever it is, an operator reads it
        return str(error)


async def test_the_preflight_finds_all_in_order(redmine: RedminePlace, http: httpx.AsyncClient) -> None:
    rules = [
        {"status": "WEBSITE_DOWN", "priority": "Low"},
        {"company": "Northwind", "assignee": "Anna Example", "category": "Logins", "tracker": "Support"},
    ]
    named = redmine.options_with(
        key_field="Nectar key", closed_status="Closed", open_status="New", rules=rules
    )
    for options in (redmine.options, named, redmine.options_with(key_field="")):
        assert (await check(options, http)).startswith("127.0.0.1 takes our key and has all that is named")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"api_key": "0" * 40}, "REDMINE_API_KEY: Redmine does not take it"),
        ({"project": "nowhere"}, "project 'nowhere': not in Redmine, or not for the user"),
        ({"project": "secret"}, "project 'secret': not in Redmine, or not for the user"),
        ({"project": "archive"}, "has no role there that may: Add issues, Edit issues, Add notes"),
        (
            {"tracker": "Incident"},
            "tracker: there is no 'Incident' in Redmine, or not for this user; there are: Bug",
        ),
        (
            {"priority": "P1"},
            "priority: there is no 'P1' in Redmine, or not for this user; there are: Low, Normal",
        ),
        ({"category": "x"}, "category: there is no 'x' in Redmine, or not for this user; there are: Logins"),
        (
            {"assignee": "Bob"},
            "assignee: no member of the project is called 'Bob', or not for this user",
        ),
        (
            {"closed_status": "New"},
            "REDMINE_CLOSED_STATUS: there is no 'New' in Redmine, or not for this user",
        ),
        (
            {"key_field": "Key"},
            "REDMINE_KEY_FIELD: there is no 'Key' in Redmine, or not for this user; there are:",
        ),
        ({"rules": [RedmineRule(country=("DE",), project="germany")]}, "project 'germany': not in Redmine"),
    ],
)
async def test_the_preflight_says_what_is_missing(
    redmine: RedminePlace, http: httpx.AsyncClient, more: dict[str, str], said: str
) -> None:
    assert said in await check(redmine.options_with(**more), http)


async def test_a_field_that_is_not_used_as_a_filter_is_said(
    redmine: RedminePlace, routes: Routes, http: httpx.AsyncClient
) -> None:
    """With it Redmine would answer any search with whatever there is."""
    route = await routes.to(redmine)
    await route.become(PASSWORD)
    said = await check(redmine.options_with(key_field="Not a filter"), http)
    assert 'tick "Used as a filter" in that custom field' in said


async def test_an_issue_is_placed_as_options_and_rules_say(redmine: RedminePlace, routes: Routes) -> None:
    rules = [
        {"company": "Northwind Properties", "priority": "High", "assignee": "Anna Example"},
        {"country": "US", "category": "Logins", "tracker": "Support"},
    ]
    route = await routes.to(redmine, options=redmine.options_with(rules=rules, key_field="Nectar key"))
    assert (await route.become(PASSWORD)).startswith("done #")
    [issue] = redmine.issues(f"cf_{redmine.server.key_field}", route.key)
    told_names = {
        name: issue[name]["name"] for name in ("tracker", "priority", "category", "assigned_to", "project")
    }
    assert told_names == {
        "tracker": "Support",
        "priority": "High",
        "category": "Logins",
        "assigned_to": "Anna Example",
        "project": "Utilities",
    }
    assert issue["subject"] == "Harbor Electric (Northwind Properties): the password is incorrect"


async def test_without_a_field_for_the_key_it_is_found_by_its_description(
    redmine: RedminePlace, routes: Routes
) -> None:
    route = await routes.to(redmine, options=redmine.options_with(key_field=""))
    for status in (PASSWORD, CONNECTED, PASSWORD):
        await route.become(status)
        route.lose_memory()
    [issue] = redmine.issues("description", f"~{route.key}")
    assert [told(journal["notes"]) for journal in redmine.issue(issue["id"])["journals"]] == [
        CONNECTED,
        PASSWORD,
    ]


async def test_a_refused_key_parks_the_handler_and_the_ticket_comes_when_it_is_mended(
    redmine: RedminePlace, routes: Routes
) -> None:
    route = await routes.to(redmine, options=redmine.options_with(api_key="0" * 40))
    ctx = make_context(route.options, http=route.http)
    with pytest.raises(httpx.HTTPStatusError) as error:
        await redmine.handle(make_change(route.connection), ctx)
    assert judge(error.value).reaction is Reaction.PARK
    assert "fails" in await route.become(PASSWORD)
    route.options = redmine.options
    assert (await route.deliver()).startswith("done #")


async def test_a_user_who_may_only_look_parks_the_handler(redmine: RedminePlace, routes: Routes) -> None:
    """The right is missing in the usual project, so no ticket could be opened."""
    route = await routes.to(redmine, options=redmine.options_with("reader"))
    assert "403" in await route.become(PASSWORD)
    assert redmine.seen(route.key) == []


async def test_a_right_that_is_missing_in_the_project_of_a_rule_is_a_dead_letter(
    redmine: RedminePlace, routes: Routes
) -> None:
    rules = [{"company": "Northwind Properties", "project": "archive"}]
    route = await routes.to(redmine, options=redmine.options_with(rules=rules))
    assert (await route.become(PASSWORD)).startswith("rejected: project 2: our user may not do this there")


async def test_a_field_that_redmine_demands_is_said_in_its_own_words(
    redmine: RedminePlace, routes: Routes
) -> None:
    """422."""
    subject = "{{ '' }}"
    route = await routes.to(redmine, options=redmine.options_with(subject=subject))
    assert await route.become(PASSWORD) == (
        "rejected: Redmine does not take this ticket: Subject cannot be blank"
    )


async def test_a_workflow_that_lets_nobody_close_is_said(redmine: RedminePlace, routes: Routes) -> None:
    route = await routes.to(redmine, options=redmine.options_with("stuck"))
    await route.become(PASSWORD)
    assert "do not let us close it" in await route.become(CONNECTED)
    route.options = redmine.options
    assert (await route.deliver()).startswith("done #")
    [ticket] = redmine.seen(route.key)
    assert [told(text) for text in ticket.texts] == [PASSWORD, CONNECTED]


async def test_a_ticket_that_was_moved_is_followed_and_one_moved_out_of_sight_is_gone(
    redmine: RedminePlace, routes: Routes
) -> None:
    route = await routes.to(redmine)
    await route.become(PASSWORD)
    [ticket] = redmine.seen(route.key)
    redmine.change(ticket.id, project_id=2)
    assert (await route.become("MFA_TOKEN_EXPIRED")).startswith(
        "rejected: project 2: our user may not do this"
    )
    redmine.change(ticket.id, project_id=3)
    assert (await route.become("OTHER_ERROR")).startswith("done #")
    assert len([seen for seen in redmine.seen(route.key) if seen.is_open]) == 1


async def test_redmine_may_be_away_for_a_while(redmine: RedminePlace, routes: Routes) -> None:
    route = await routes.to(redmine)
    redmine.installation.stop()
    try:
        assert "fails" in await route.become(PASSWORD)
        assert "fails" in await route.deliver()
    finally:
        redmine.installation.start()
    assert (await route.deliver()).startswith("done #")
    assert len(redmine.seen(route.key)) == 1
