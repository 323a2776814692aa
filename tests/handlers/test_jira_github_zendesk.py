"""What holds for Jira, GitHub and Zendesk alike: the life of a ticket, over sockets, and troubles on the way.

Every request that is sent here is held against the vendor's description (`FakeVendor.serving`).
"""

from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from handlers.ticketing import follow
from handlers.ticketing.memory import key_of
from receiver.api import Change, Context, Outcome, Rejected, Status
from receiver.policy import Failure, Reaction, judge
from receiver.testing import check_handler, make_change, make_connection, make_context
from tests.handlers.fake_github import FakeGitHub
from tests.handlers.fake_jira import FakeJira
from tests.handlers.fake_tracker import TOKEN, FakeTracker
from tests.handlers.fake_zendesk import FakeZendesk
from tests.handlers.ticketing_town import DAY, Route, told

pytestmark = pytest.mark.anyio

KINDS = [FakeJira, FakeGitHub, FakeZendesk]
BROKEN, OTHER, WORKS = "PASSWORD_INCORRECT", "MFA_TOKEN_EXPIRED", "CONNECTED"


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
async def fake(request: pytest.FixtureRequest) -> AsyncIterator[FakeTracker]:
    made: FakeTracker = request.param()
    async with made.serving():
        yield made


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def route(fake: FakeTracker, http: httpx.AsyncClient) -> Route:
    """One connection on its way there, with a clock of its own."""

    async def handle(change: Change, ctx: Context[Any]) -> Outcome:
        return await follow(change, ctx, type(fake).tracker(ctx.options, ctx.http), clock=lambda: made.now)

    made = Route(handle=handle, options=fake.options(), http=http)
    return made


def said(fake: FakeTracker, number: int = 1) -> list[str]:
    """The statuses that a ticket speaks of."""
    return [told(text) for text in fake.texts(number)]


async def attempt(fake: FakeTracker, http: httpx.AsyncClient, status: str = BROKEN) -> Failure | Outcome:
    """One attempt of the handler as it is registered; what the router would make of it."""
    memory: dict[str, JsonValue] = {}
    ctx = make_context(fake.options(), memory=memory, http=http)
    try:
        return await fake.handler(make_change(make_connection(status)), ctx)
    except Exception as error:  # noqa: BLE001 - whatever it raises, the router judges
        return judge(error)


async def test_a_ticket_is_opened_told_solved_and_opened_again(fake: FakeTracker, route: Route) -> None:
    for status in (BROKEN, OTHER, WORKS):
        assert (await route.become(status)).startswith("done ")
    assert not fake.is_open(1)
    assert (await route.become(BROKEN)).startswith("done ")
    assert fake.is_open(1)
    assert len(fake.tickets) == 1
    assert said(fake) == [BROKEN, OTHER, WORKS, BROKEN]


async def test_every_status_is_brought_to_where_it_belongs(fake: FakeTracker, route: Route) -> None:
    opens = {each for each in Status.__members__.values() if each.needs_owner or each.needs_operator}
    for status in opens:
        await route.become(WORKS)
        assert (await route.become(status)).startswith("done "), status
        assert fake.is_open(1), status
    for other in ("PENDING", "UNDER_INVESTIGATION", "BRAND_NEW", WORKS):
        await route.become(other)
    assert said(fake)[-3:] == ["PENDING", "UNDER_INVESTIGATION", WORKS]
    assert len(fake.tickets) == 1


async def test_the_router_shows_it_again_and_nothing_is_written_twice(
    fake: FakeTracker, route: Route
) -> None:
    await route.become(BROKEN)
    written = fake.effects()
    assert (await route.deliver()).startswith("done ")
    assert fake.effects() == written


async def test_one_that_a_person_deleted_is_followed_by_a_new_one(fake: FakeTracker, route: Route) -> None:
    await route.become(BROKEN)
    fake.delete(1)
    assert (await route.become(OTHER)).startswith("done ")
    assert len(fake.tickets) == 1
    assert said(fake, 2) == [OTHER]


async def test_one_that_is_closed_for_good_is_followed_by_a_new_one(fake: FakeTracker, route: Route) -> None:
    await route.become(BROKEN)
    await route.become(WORKS)
    fake.finish(1)
    assert (await route.become(BROKEN)).startswith("done ")
    assert [len(fake.tickets), fake.is_open(1), fake.is_open(2)] == [2, False, True]
    assert "Follows: " in fake.texts(2)[0]
    assert said(fake) == [BROKEN, WORKS]


async def test_one_that_a_person_closed_stays_closed_while_nothing_changes(
    fake: FakeTracker, route: Route
) -> None:
    await route.become(BROKEN)
    fake.close(1)
    assert "closed by a person" in await route.deliver()
    assert (await route.become(OTHER)).startswith("done ")
    assert fake.is_open(1)


async def test_lost_memory_is_rebuilt_by_the_search(fake: FakeTracker, route: Route) -> None:
    """Nothing is opened or said twice, and what follows is said in the same ticket."""
    await route.become(BROKEN)
    await route.become(OTHER)
    route.lose_memory()
    written = fake.effects()
    assert (await route.deliver()).startswith("done ")
    assert fake.effects() == written
    await route.become(WORKS)
    assert said(fake) == [BROKEN, OTHER, WORKS]


async def test_memory_is_rebuilt_over_many_pages_of_comments(fake: FakeTracker, route: Route) -> None:
    await route.become(BROKEN)
    for _ in range(3):
        await route.become(OTHER)
        await route.become(BROKEN)
    written = fake.texts(1)
    crowd = 230
    for _ in range(crowd):
        fake.add_comment(1, "Any news?")
    route.lose_memory()
    assert (await route.deliver()).startswith("done ")
    assert len(fake.texts(1)) == len(written) + crowd
    await route.become(WORKS)
    assert said(fake)[-1] == WORKS


async def test_an_opening_whose_answer_is_lost_is_found_again_once_the_search_can_show_it(
    fake: FakeTracker, route: Route
) -> None:
    fake.lost.append(type(fake).creating)
    assert (await route.become(BROKEN)).startswith("fails")
    assert (await route.deliver()).startswith("later")
    await route.wait(DAY)
    assert len(fake.tickets) == 1
    await route.become(WORKS)
    assert said(fake) == [BROKEN, WORKS]


async def test_a_comment_whose_answer_is_lost_is_not_written_again(fake: FakeTracker, route: Route) -> None:
    await route.become(BROKEN)
    for status, after in ((OTHER, True), (WORKS, False), (BROKEN, True)):
        fake.lost.append(type(fake).commenting)
        assert (await route.become(status)).startswith("fails")
        assert not (await route.deliver()).startswith("fails")
        assert fake.is_open(1) is after
    assert said(fake) == [BROKEN, OTHER, WORKS, BROKEN]


DATE = formatdate(4102444800, usegmt=True)


@pytest.mark.parametrize(
    ("code", "headers", "reaction", "after"),
    [
        (429, {"retry-after": "17"}, Reaction.RETRY, 17),
        (429, {"retry-after": DATE}, Reaction.RETRY, 24 * 3600),
        (503, {"retry-after": "17"}, Reaction.RETRY, 17),
        (500, {}, Reaction.RETRY, None),
        (401, {}, Reaction.PARK, None),
    ],
)
async def test_what_the_router_knows_how_to_wait_out_reaches_it(
    fake: FakeTracker,
    http: httpx.AsyncClient,
    code: int,
    headers: dict[str, str],
    reaction: Reaction,
    after: float | None,
) -> None:
    fake.refuse(type(fake).creating, code, {"message": "made-up"}, **headers)
    failure = await attempt(fake, http)
    assert isinstance(failure, Failure)
    assert (failure.reaction, failure.after) == (reaction, after)
    assert TOKEN not in failure.reason


async def test_a_token_that_is_refused_parks_the_handler_and_names_the_variable(
    fake: FakeTracker, http: httpx.AsyncClient
) -> None:
    fake.stand_in.options = fake.options(token="another-token")
    failure = await attempt(fake, http)
    assert isinstance(failure, Failure)
    assert failure.reaction is Reaction.PARK
    assert "_TOKEN" in failure.reason
    assert TOKEN not in failure.reason


async def test_a_token_that_is_refused_is_not_taken_for_a_lost_ticket(
    fake: FakeTracker, route: Route
) -> None:
    await route.become(BROKEN)
    fake.refuse(type(fake).looking, 404, {})
    fake.stand_in.options = fake.options(token="another-token")
    assert (await route.become(OTHER)).startswith("fails")
    fake.stand_in.options = fake.options()
    assert (await route.deliver()).startswith("done")
    assert len(fake.tickets) == 1


async def test_an_address_that_leads_elsewhere_parks_the_handler(
    fake: FakeTracker, http: httpx.AsyncClient
) -> None:
    fake.refuse(type(fake).creating, 302, location="https://elsewhere.example")
    failure = await attempt(fake, http)
    assert isinstance(failure, Failure)
    assert failure.reaction is Reaction.PARK


async def test_what_it_does_not_take_is_a_dead_letter_that_says_why(
    fake: FakeTracker, http: httpx.AsyncClient
) -> None:
    ctx = make_context(fake.options(subject="{{ country }}"), http=http)
    refused = await fake.handler(make_change(make_connection(BROKEN, country=None)), ctx)
    assert isinstance(refused, Rejected)
    assert "ummary" in refused.reason or "title" in refused.reason or "ubject" in refused.reason


async def test_the_preflight_finds_all_and_changes_nothing(
    fake: FakeTracker, http: httpx.AsyncClient
) -> None:
    assert fake.handler.check is not None
    assert await fake.handler.check(fake.options(), http)
    assert fake.effects() == []


async def test_the_preflight_says_that_the_token_is_refused(
    fake: FakeTracker, http: httpx.AsyncClient
) -> None:
    assert fake.handler.check is not None
    with pytest.raises(PermissionError, match="_TOKEN"):
        await fake.handler.check(fake.options(token="another-token"), http)


async def test_the_key_stands_where_the_search_looks_for_it(fake: FakeTracker, route: Route) -> None:
    await route.become(BROKEN)
    ticket = str(fake.tickets[0])
    assert ticket.count(key_of(route.connection.id)) >= 2


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_it_keeps_the_contract_of_a_handler(kind: Callable[[], FakeTracker]) -> None:
    """And sends nothing that its vendor does not describe."""
    fake = kind()
    fake.url = "https://tickets.example"
    spec = fake.spec

    def stand_in(options: Any) -> Callable[[httpx.Request], httpx.Response]:
        assert fake.handler.double is not None
        answer = fake.handler.double(options)

        def check(request: httpx.Request) -> httpx.Response:
            spec.check(request)
            return answer(request)

        return check

    check_handler(fake.handler, fake.options(), stand_in=stand_in)
    assert len(spec.asked) >= 5
