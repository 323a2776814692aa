"""What is GitHub's own: its limits, labels that are dropped, issues that are locked or transferred."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from handlers.github.limits import seconds_to_wait
from handlers.github.tracker import GitHub
from handlers.ticketing.memory import key_of
from receiver.api import Done, Rejected
from receiver.policy import Failure, Reaction
from receiver.testing import make_connection
from tests.handlers.fake_github import FakeGitHub
from tests.handlers.tracker_desk import Desk
from tests.handlers.vendor_openapi import OpenApi

pytestmark = pytest.mark.anyio

KEY = key_of(make_connection().id)
BROKEN, OTHER, WORKS = "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "CONNECTED"
REPOSITORY = ("GET", r"/repos/acme/tickets")
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}


@pytest.fixture
async def place() -> AsyncIterator[FakeGitHub]:
    made = FakeGitHub()
    async with made.serving():
        yield made


async def test_an_issue_bears_its_key_and_what_the_rules_say(place: FakeGitHub) -> None:
    desk = Desk(place, labels="utilities, login", rules=[{"country": "US", "assignees": "octocat"}])
    await desk.show(BROKEN, country="US")
    [issue] = place.tickets
    assert [each["name"] for each in issue["labels"]] == [KEY, "utilities", "login"]
    assert issue["assignees"] == ["octocat"]
    assert KEY in issue["body"]


async def test_it_is_closed_as_completed_and_opened_as_reopened(place: FakeGitHub) -> None:
    desk = Desk(place)
    for status, state in ((BROKEN, None), (WORKS, "completed"), (BROKEN, "reopened")):
        assert await desk.show(status) == Done("#1")
        assert place.stand_in.issues[1].get("state_reason") == state


async def test_where_labels_are_dropped_issues_are_found_again_by_their_text(place: FakeGitHub) -> None:
    place.stand_in.keeps_labels = False
    await Desk(place).show(BROKEN)
    assert place.tickets[0]["labels"] == []
    assert await Desk(place).show(BROKEN) == Done("#1")
    assert len(place.tickets) == 1
    assert "by their text" in await Desk(place).check()


async def test_pull_requests_that_bear_the_label_are_no_tickets(place: FakeGitHub) -> None:
    request = {"number": 7, "state": "open", "labels": [{"name": KEY}], "pull_request": {}, "body": ""}
    place.stand_in.issues[7] = {**request, "written": []}
    assert await Desk(place).show(BROKEN) == Done("#1")


@pytest.mark.parametrize(
    ("code", "body", "headers", "after"),
    [
        (403, SECONDARY, {"retry-after": "31"}, 31),
        (403, SECONDARY, {}, 60),
        (429, SECONDARY, {}, 60),
        (429, {"message": "wait"}, {"retry-after": "5"}, 5),
    ],
)
async def test_a_limit_is_waited_out_with_or_without_a_header(
    place: FakeGitHub, code: int, body: Any, headers: dict[str, str], after: float
) -> None:
    desk = Desk(place)
    place.refuse(FakeGitHub.creating, code, body, **headers)
    failure = await desk.show(BROKEN)
    assert isinstance(failure, Failure)
    assert (failure.reaction, failure.after, failure.target_down) == (Reaction.RETRY, after, True)


@pytest.mark.parametrize(
    ("code", "headers", "body", "wait"),
    [
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1090"}, "", "91"),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, "", "1"),
        (403, {"x-ratelimit-remaining": "41", "x-ratelimit-reset": "1090"}, "Must have admin rights", None),
        (403, {"retry-after": "7", "x-ratelimit-remaining": "0"}, "", "7"),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, "API rate limit exceeded", "60"),
        (404, {"retry-after": "7"}, "", None),
    ],
)
def test_how_long_to_wait_is_read_from_what_github_says(
    code: int, headers: dict[str, str], body: str, wait: str | None
) -> None:
    assert seconds_to_wait(code, headers, body, now=1000.0) == wait


async def test_a_right_that_is_missing_parks_the_handler(place: FakeGitHub) -> None:
    for code in (403, 404, 410):
        place.refuse(
            FakeGitHub.creating, code, {"message": "Resource not accessible by personal access token"}
        )
        failure = await Desk(place).show(BROKEN)
        assert isinstance(failure, Failure)
        assert failure.reaction is Reaction.PARK


async def test_one_locked_issue_holds_up_nobody_else(place: FakeGitHub) -> None:
    desk = Desk(place)
    await desk.show(BROKEN)
    place.stand_in.issues[1]["locked"] = True
    place.refuse(FakeGitHub.commenting, 403, {"message": "Unable to create comment because issue is locked."})
    assert await desk.show(OTHER) == Rejected(
        "#1 is locked: unlock it, or give the account of GITHUB_TOKEN write access"
    )


@pytest.mark.parametrize("code", [301, 404, 410])
async def test_an_issue_that_was_transferred_or_deleted_is_followed_by_a_new_one(
    place: FakeGitHub, code: int
) -> None:
    desk = Desk(place)
    await desk.show(BROKEN)
    place.stand_in.issues[1]["labels"] = []
    place.refuse(FakeGitHub.looking, code, {}, location="/repositories/1/issues/1")
    assert await desk.show(OTHER) == Done("#2")


@pytest.mark.parametrize("code", [301, 404])
async def test_a_repository_that_is_out_of_sight_parks_the_handler(place: FakeGitHub, code: int) -> None:
    desk = Desk(place)
    await desk.show(BROKEN)
    place.refuse(FakeGitHub.looking, code, {})
    place.refuse(REPOSITORY, code, {})
    failure = await desk.show(OTHER)
    assert isinstance(failure, Failure)
    assert failure.reaction is Reaction.PARK
    assert "GITHUB_REPO" in failure.reason
    assert len(place.tickets) == 1


async def test_the_preflight_says_what_is_missing(place: FakeGitHub) -> None:
    for answer, says in (
        ({"archived": True}, "is archived"),
        ({"has_issues": False}, "switched off"),
        ({"permissions": {"push": True}}, "by their label"),
    ):
        place.refuse(REPOSITORY, 200, answer)
        assert says in await Desk(place).check()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("@acme/everyone see #12", "`@acme/everyone see #12`"),
        ("<img src=x> ![a](b)", "`<img src=x> ![a](b)`"),
        ("a `b` c", "``a `b` c``"),
        ("`b", "`` `b ``"),
        ("", ""),
    ],
)
def test_what_comes_from_outside_mentions_nobody_and_links_nothing(value: str, shown: str) -> None:
    options = FakeGitHub.options(FakeGitHub(), url="https://api.github.example")
    assert GitHub(options, httpx.AsyncClient(trust_env=False)).quote(value) == shown


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/repos/a/b/issues/1", {"state": "done"}),
        ("PATCH", "/repos/a/b/issues/1", {"state": "closed", "state_reason": "solved"}),
        ("PATCH", "/repos/a/b/issues/one", {"state": "closed"}),
        ("PATCH", "/repos/a/b/issues/1", {"status": "closed"}),
        ("POST", "/repos/a/b/issues", {"body": "no title"}),
        ("POST", "/repos/a/b/issues", {"title": "x", "labels": "one"}),
        ("POST", "/repos/a/b/issues/1/comment", {"body": "x"}),
        ("POST", "/repos/a/b/issues/1/comments", {"text": "x"}),
        ("GET", "/repos/a/b/issues?label=x", None),
        ("GET", "/repos/a/b/issues?state=solved", None),
    ],
)
def test_what_github_does_not_describe_is_caught(method: str, path: str, body: Any) -> None:
    with pytest.raises(AssertionError):
        OpenApi("github-issues").check(httpx.Request(method, f"https://api.github.example{path}", json=body))
