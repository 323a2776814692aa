"""What is Jira's own: documents, ways through a workflow, projects, its manner of refusing."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from handlers.jira.adf import document, plain
from handlers.ticketing.memory import key_of
from receiver.api import Done, Rejected
from receiver.policy import Failure, Reaction
from receiver.testing import make_connection
from tests.handlers.fake_jira import FakeJira, JiraApi
from tests.handlers.tracker_desk import Desk

pytestmark = pytest.mark.anyio

KEY = key_of(make_connection().id)
TRANSITIONS = ("GET", r".*/transitions")
MOVING = ("POST", r".*/transitions")
BROKEN, WORKS = "PASSWORD_INCORRECT", "CONNECTED"


@pytest.fixture
async def site() -> AsyncIterator[FakeJira]:
    made = FakeJira()
    async with made.serving():
        yield made


def sent(site: FakeJira, end: str) -> list[Mapping[str, Any]]:
    """The bodies that were posted to such a path."""
    return [
        json.loads(each.content)
        for each in site.requests
        if each.method == "POST" and each.url.path.endswith(end)
    ]


async def test_an_issue_is_placed_as_options_and_rules_say(site: FakeJira) -> None:
    rules = [{"company": "Northwind Properties", "priority": "High", "components": "Logins, 10007"}]
    desk = Desk(
        site, issue_type="Bug", assignee="5b109f2e9729b51b54dc274d", labels="utility bills", rules=rules
    )
    assert await desk.show(BROKEN) == Done("UTIL-1")
    [made] = sent(site, "/issue")
    fields = made["fields"]
    assert fields["project"] == {"key": "UTIL"}
    assert fields["issuetype"] == {"name": "Bug"}
    assert fields["priority"] == {"name": "High"}
    assert fields["assignee"] == {"id": "5b109f2e9729b51b54dc274d"}
    assert fields["labels"] == [KEY, "utility-bills"]
    assert fields["components"] == [{"name": "Logins"}, {"id": "10007"}]


async def test_the_search_asks_by_label_and_for_what_holds_now_of_the_issue_it_has_seen(
    site: FakeJira,
) -> None:
    desk = Desk(site)
    await desk.show(BROKEN)
    desk.memory["sure"] = False
    await desk.show(WORKS)
    first, second = sent(site, "/search/jql")
    assert first["jql"] == f'labels = "{KEY}" ORDER BY created ASC'
    assert (first["reconcileIssues"], second["reconcileIssues"]) == ([], [10001])


async def test_it_goes_to_the_status_that_is_named_and_says_the_resolution_that_is_asked_for(
    site: FakeJira,
) -> None:
    desk = Desk(site, closed_status="Fixed", open_status="Backlog", resolution="Done")
    for status in (BROKEN, WORKS, BROKEN):
        assert await desk.show(status) == Done("UTIL-1")
    assert sent(site, "/transitions") == [
        {"transition": {"id": "31"}, "fields": {"resolution": {"name": "Done"}}},
        {"transition": {"id": "11"}},
    ]


async def test_a_workflow_that_does_not_lead_there_is_said_and_the_comment_is_not_repeated(
    site: FakeJira,
) -> None:
    desk = Desk(site)
    await desk.show(BROKEN)
    site.refuse(TRANSITIONS, 200, {"transitions": [{"id": "11", "to": site.stand_in.open_status}]})
    assert await desk.show(WORKS) == Rejected(
        "UTIL-1: its workflow, or the rights of our account, lead to To Do, "
        "not to a status that counts as done"
    )
    assert await desk.show(WORKS) == Done("UTIL-1")
    assert len(sent(site, "/comment")) == 1
    assert not site.is_open(1)


async def test_a_project_that_refuses_us_is_waited_for_and_one_of_a_rule_is_not(site: FakeJira) -> None:
    rules = [{"status": "OTHER_ERROR", "project": "NORTH"}]
    desk = Desk(site, rules=rules)
    refusal = {"errorMessages": [], "errors": {"project": "You cannot create issues in this project."}}
    site.refuse(FakeJira.creating, 400, refusal)
    site.refuse(FakeJira.creating, 400, refusal)
    failure = await desk.show(BROKEN)
    assert isinstance(failure, Failure)
    assert failure.reaction is Reaction.PARK
    assert "JIRA_PROJECT" in failure.reason
    assert await Desk(site, rules=rules).show("OTHER_ERROR") == Rejected(
        "Jira does not take this: project: You cannot create issues in this project."
    )


async def test_an_issue_that_is_being_changed_by_somebody_else_is_tried_again(site: FakeJira) -> None:
    desk = Desk(site)
    await desk.show(BROKEN)
    site.refuse(MOVING, 409, {"errorMessages": [], "errors": {}})
    failure = await desk.show(WORKS)
    assert isinstance(failure, Failure)
    assert failure.reaction is Reaction.RETRY
    assert await desk.show(WORKS) == Done("UTIL-1")


async def test_a_jira_that_goes_on_as_if_nobody_had_logged_in_is_not_believed(site: FakeJira) -> None:
    """It answers 200 and shows nothing; a header tells why."""
    desk = Desk(site)
    nothing = {"issues": [], "isLast": True}
    site.refuse(("POST", r".*/search/jql"), 200, nothing, x_seraph_loginreason="AUTHENTICATED_FAILED")
    failure = await desk.show(BROKEN)
    assert isinstance(failure, Failure)
    assert failure.reaction is Reaction.PARK
    assert site.tickets == []


async def test_the_preflight_says_what_is_missing(site: FakeJira) -> None:
    desk = Desk(site)
    rights = {"BROWSE_PROJECTS": {"havePermission": True}, "CREATE_ISSUES": {"havePermission": False}}
    site.refuse(("GET", r".*/mypermissions"), 200, {"permissions": rights})
    assert "lacks: Create issues, Add comments, Transition issues" in await desk.check()
    site.refuse(("GET", r".*/mypermissions"), 404, {"errorMessages": ["No project"]})
    assert "project 'UTIL': not in Jira" in await desk.check()
    site.refuse(("GET", r".*/issuetypes"), 200, {"issueTypes": [{"id": "1", "name": "Epic"}]})
    assert (
        "there is no 'Task' in project 'UTIL', or not for this account; there are: Epic" in await desk.check()
    )
    assert "takes our token" in await desk.check()


def test_a_text_comes_back_from_its_document_line_by_line() -> None:
    text = "It broke.\nAct.\n\n* Company: Acme\n* Status: OTHER_ERROR\n\nRef. nectar-1 / 0 / OTHER_ERROR"
    assert [line for line in plain(document(text)).splitlines() if line] == [
        *("It broke.", "Act.", "Company: Acme", "Status: OTHER_ERROR", "Ref. nectar-1 / 0 / OTHER_ERROR")
    ]


def test_only_addresses_of_our_own_can_be_clicked() -> None:
    ours, theirs = "https://dash.example/c/1", "https://dash.example.evil.example/c/1"
    [paragraph] = document(f"{ours} {theirs}", "https://dash.example/c/{id}")["content"]
    assert [(part["text"], "marks" in part) for part in paragraph["content"]] == [
        *((ours, True), (" ", False), (theirs, False))
    ]


ISSUE = {"fields": {"description": document("It broke.")}}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/rest/api/3/issues", ISSUE),
        ("POST", "/rest/api/2/issue", ISSUE),
        ("PUT", "/rest/api/3/issue", ISSUE),
        ("POST", "/rest/api/3/issue", {**ISSUE, "feilds": {}}),
        ("POST", "/rest/api/3/issue?notify=true", ISSUE),
        ("POST", "/rest/api/3/issue", {"fields": {"description": "no document"}}),
        ("POST", "/rest/api/3/issue/1/comment", {"body": {**document("x"), "version": 2}}),
        ("POST", "/rest/api/3/issue/1/comment", {"text": document("x")}),
        ("POST", "/rest/api/3/issue/1/transitions", {"transition": {"id": 5}}),
        ("POST", "/rest/api/3/search/jql", {"jql": "x", "fields": "status"}),
        ("POST", "/rest/api/3/search/jql", {"jql": "x", "startAt": 0}),
        ("POST", "/rest/api/3/search/jql", {"jql": "x", "reconcileIssues": ["10001"]}),
        ("GET", "/rest/api/3/issue/1/comment?orderBy=updated", None),
        ("GET", "/rest/api/3/issue/1/comment?maxResults=many", None),
    ],
)
def test_what_atlassian_does_not_describe_is_caught(method: str, path: str, body: Any) -> None:
    with pytest.raises(AssertionError):
        JiraApi().check(httpx.Request(method, f"https://acme.atlassian.example{path}", json=body))
