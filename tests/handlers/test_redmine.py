"""The Redmine handler against its stand-in; tests/servers has the same against a real one."""

import json

import httpx
import pytest

from handlers.redmine import redmine
from handlers.ticketing.memory import key_of
from receiver.api import Done, Rejected
from receiver.policy import Reaction, judge
from receiver.testing import check_handler, make_connection
from tests.handlers.redmine_desk import RedmineDesk, options

pytestmark = pytest.mark.anyio
KEY = key_of(make_connection().id)


def refusal(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers={name.replace("_", "-"): text for name, text in headers.items()})


async def test_one_issue_lives_through_all_that_happens_to_its_connection() -> None:
    desk = RedmineDesk()
    for status in ("PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "CONNECTED", "PASSWORD_INCORRECT"):
        assert await desk.show(status) == Done("#1")
    assert [journal["status"] for journal in desk.issue["journals"]] == ["New", "Closed", "New"]
    notes = [journal["notes"].splitlines()[0] for journal in desk.issue["journals"]]
    assert notes[0].startswith("Now: the second factor must be given again")
    assert notes[1].startswith("It works again")
    assert notes[2].startswith("It is broken again: the password is incorrect")


async def test_an_issue_is_placed_as_options_and_rules_say() -> None:
    rules = [{"company": "Northwind Properties", "priority": "High", "assignee": "Anna Novak"}]
    desk = RedmineDesk(options(tracker="Support", category="4", key_field="Nectar key", rules=rules))
    await desk.show("PASSWORD_INCORRECT")
    names = {
        "tracker_id": ("tracker", "Support"),
        "priority_id": ("priority", "High"),
        "assigned_to_id": ("assignee", "Anna Novak"),
    }
    for sent, (setting, name) in names.items():
        listed = {each["name"]: each["id"] for each in desk.stand_in._named(setting)}
        assert desk.issue[sent] == listed[name]
    assert desk.issue["category_id"] == 4 or desk.issue["category_id"] == 11
    assert desk.issue["custom_fields"] == [{"id": 7, "value": KEY}]


async def test_what_is_named_and_not_there_is_said_with_what_there_is() -> None:
    desk = RedmineDesk(options(tracker="Bug"))
    listed = {"project": {"id": 1, "trackers": [{"id": 2, "name": "Support"}, {"id": 3, "name": "Task"}]}}
    desk.instead["GET", "/projects/utilities.json"] = httpx.Response(200, json=listed)
    assert await desk.show("PASSWORD_INCORRECT") == Rejected(
        "tracker: there is no 'Bug' in Redmine, or not for this user; there are: Support, Task"
    )


async def test_redmines_own_words_about_an_issue_it_does_not_take_reach_the_operator() -> None:
    desk = RedmineDesk()
    desk.instead["POST", "/issues.json"] = httpx.Response(422, json={"errors": ["Due date cannot be blank"]})
    refused = await desk.show("PASSWORD_INCORRECT")
    assert refused == Rejected("Redmine does not take this ticket: Due date cannot be blank")
    assert await desk.show("PASSWORD_INCORRECT") == Done("#1")


@pytest.mark.parametrize(
    ("answer", "reaction", "after"),
    [
        (refusal(401), Reaction.PARK, None),
        (refusal(429, retry_after="17"), Reaction.RETRY, 17),
        (refusal(503), Reaction.RETRY, None),
        (refusal(500), Reaction.RETRY, None),
    ],
)
async def test_what_the_router_knows_how_to_wait_out_reaches_it(
    answer: httpx.Response, reaction: Reaction, after: float | None
) -> None:
    """And nothing is opened twice when it is over."""
    for method, end in (("GET", "/issues.json"), ("POST", "/issues.json")):
        desk = RedmineDesk()
        desk.instead[method, end] = answer
        with pytest.raises(httpx.HTTPStatusError) as error:
            await desk.show("PASSWORD_INCORRECT")
        failure = judge(error.value)
        assert (failure.reaction, failure.after) == (reaction, after)
        assert "made-up-key" not in failure.reason
        assert await desk.show("PASSWORD_INCORRECT") == Done("#1")


async def test_rights_that_are_missing_in_the_usual_project_are_waited_for() -> None:
    """They concern all tickets: the handler is parked until they are given."""
    desk = RedmineDesk()
    desk.instead["POST", "/issues.json"] = refusal(403)
    with pytest.raises(httpx.HTTPStatusError) as error:
        await desk.show("PASSWORD_INCORRECT")
    assert judge(error.value).reaction is Reaction.PARK


async def test_rights_that_are_missing_in_the_project_of_a_rule_hold_up_nobody_else() -> None:
    desk = RedmineDesk(options(rules=[{"company": "Northwind Properties", "project": "northwind"}]))
    desk.instead["POST", "/issues.json"] = refusal(403)
    assert await desk.show("PASSWORD_INCORRECT") == Rejected(
        "project 2: our user may not do this there; give it the right"
    )


async def test_a_usual_project_that_is_gone_is_waited_for_and_one_of_a_rule_is_not() -> None:
    desk = RedmineDesk(options(rules=[{"status": "OTHER_ERROR", "project": "northwind"}]))
    desk.instead["GET", "/projects/utilities.json"] = refusal(404)
    desk.instead["GET", "/projects/northwind.json"] = refusal(404)
    with pytest.raises(PermissionError, match="project 'utilities': not in Redmine"):
        await desk.show("PASSWORD_INCORRECT")
    assert isinstance(await desk.show("OTHER_ERROR"), Rejected)


async def test_an_issue_that_was_deleted_or_moved_out_of_sight_is_followed_by_a_new_one() -> None:
    for code in (404, 403):
        desk = RedmineDesk()
        await desk.show("PASSWORD_INCORRECT")
        desk.stand_in.issues[1]["description"] = "gone"
        desk.instead["GET", "/issues/1.json"] = refusal(code)
        assert await desk.show("MFA_TOKEN_EXPIRED") == Done("#2")


async def test_an_issue_is_not_given_up_while_its_whole_project_is_out_of_sight() -> None:
    """Somebody took the role away from our user: the handler waits until it is given back."""
    desk = RedmineDesk()
    await desk.show("PASSWORD_INCORRECT")
    desk.instead["GET", "/issues/1.json"] = refusal(403)
    desk.instead["GET", "/projects/utilities.json"] = refusal(403)
    with pytest.raises(PermissionError, match="project 'utilities'"):
        await desk.show("CONNECTED")
    assert await desk.show("CONNECTED") == Done("#1")


async def test_a_key_that_is_refused_for_everything_is_not_taken_for_a_lost_issue() -> None:
    desk = RedmineDesk()
    await desk.show("PASSWORD_INCORRECT")
    desk.instead["GET", "/issues/1.json"] = refusal(403)
    desk.instead["GET", "/users/current.json"] = refusal(403)
    with pytest.raises(httpx.HTTPStatusError):
        await desk.show("MFA_TOKEN_EXPIRED")
    assert len(desk.stand_in.issues) == 1


async def test_a_workflow_that_does_not_let_us_close_is_said() -> None:
    """Redmine takes the request, keeps the note, and leaves the status. The note stays the only one."""
    desk = RedmineDesk()
    await desk.show("PASSWORD_INCORRECT")
    desk.instead["PUT", "/issues/1.json"] = httpx.Response(204)
    refused = await desk.show("CONNECTED")
    assert refused == Rejected(
        "#1 stays New: its workflow, or the rights of our user, do not let us close it"
    )
    desk.issue["journals"].append({"notes": json.loads(desk.requests[-2].content)["issue"]["notes"]})
    assert await desk.show("CONNECTED") == Done("#1")
    assert [journal["notes"] != "" for journal in desk.issue["journals"]] == [True, False]


async def test_a_status_that_the_options_name_and_the_workflow_does_not_allow_is_said() -> None:
    desk = RedmineDesk(options(closed_status="Done"))
    await desk.show("PASSWORD_INCORRECT")
    desk.stand_in.options = options()
    assert await desk.show("CONNECTED") == Rejected(
        "REDMINE_CLOSED_STATUS: there is no 'Done' in Redmine, or not for this user; there are: Closed"
    )


async def test_a_server_that_is_no_redmine_is_said() -> None:
    desk = RedmineDesk()
    desk.instead["GET", "/issues.json"] = httpx.Response(200, text="<html>Welcome</html>")
    with pytest.raises(
        ValueError, match=r"redmine\.example\.com answered something that is not Redmine's JSON"
    ):
        await desk.show("PASSWORD_INCORRECT")


async def test_an_address_that_leads_elsewhere_is_said() -> None:
    desk = RedmineDesk()
    desk.instead["GET", "/issues.json"] = httpx.Response(
        301, headers={"location": "https://elsewhere.example"}
    )
    assert isinstance(await desk.show("PASSWORD_INCORRECT"), Rejected)


async def test_a_search_that_redmine_ignores_is_said_before_a_ticket_is_doubled() -> None:
    """A custom field that is not used as a filter: Redmine answers with whatever there is."""
    desk = RedmineDesk(options(key_field="7"))
    another = {"id": 5, "status": {"id": 1, "name": "New", "is_closed": False}, "description": ""}
    desk.instead["GET", "/issues.json"] = httpx.Response(200, json={"issues": [another], "total_count": 1})
    refused = await desk.show("PASSWORD_INCORRECT")
    assert refused == Rejected(
        'Redmine does not search issues by cf_7: tick "Used as a filter" in that custom field'
    )


async def test_the_preflight_looks_at_all_that_is_named() -> None:
    rules = [{"country": "DE", "project": "germany", "priority": "High"}, {"project": "{{ country }}"}]
    desk = RedmineDesk(options(closed_status="Done", open_status="New", key_field="Nectar key", rules=rules))
    assert await desk.check() == (
        "redmine.example.com takes our key and has all that is named; "
        "tickets are found again by the field Nectar key"
    )
    assert {request.method for request in desk.requests} == {"GET"}
    paths = {request.url.path.removeprefix("/at/work") for request in desk.requests}
    assert {
        "/projects/utilities.json",
        "/projects/germany.json",
        "/enumerations/issue_priorities.json",
    } <= paths


async def test_the_preflight_says_what_is_missing() -> None:
    desk = RedmineDesk()
    desk.instead["GET", "/users/current.json"] = refusal(401)
    with pytest.raises(PermissionError, match="REDMINE_API_KEY: Redmine does not take it"):
        await desk.check()
    member = {"id": 5, "memberships": [{"project": {"id": 1}, "roles": [{"id": 3}]}]}
    desk.instead["GET", "/users/current.json"] = httpx.Response(200, json={"user": member})
    role = {"role": {"permissions": ["view_issues", "add_issues", "add_issue_notes"]}}
    desk.instead["GET", "/roles/3.json"] = httpx.Response(200, json=role)
    with pytest.raises(Exception, match="no role there that may: Edit issues"):
        await desk.check()


def test_it_is_shown_what_changes_a_status_only() -> None:
    assert redmine.concerns({"status"})
    assert not redmine.concerns({"username", "accounts"})


def test_it_keeps_the_contract_of_a_handler() -> None:
    check_handler(redmine, options())
