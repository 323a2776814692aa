"""The test kit for handler authors."""

from uuid import uuid4

import httpx
import pytest
from pydantic import BaseModel

from receiver.api import Change, Connection, Context, Done, Outcome, Skipped, handler
from receiver.testing import LINK, MemorySteps, make_change, make_connection, make_context

pytestmark = pytest.mark.anyio


class Options(BaseModel):
    url: str = "https://pager.example"


@handler("pager", options=Options, changed={"status"})
async def pager(change: Change, ctx: Context[Options]) -> Outcome:
    """Page the engineer on call."""
    if not change.connection.status.needs_owner:
        return Skipped("the owner is not needed")

    async def page() -> str:
        reply = await ctx.http.post(ctx.options.url, json={"link": await ctx.reconnect_link()})
        reply.raise_for_status()
        return str(reply.json()["id"])

    return Done(await ctx.once("page", page))


def target(pages: list[bytes]) -> httpx.AsyncClient:
    def answer(request: httpx.Request) -> httpx.Response:
        pages.append(request.content)
        return httpx.Response(201, json={"id": "42"})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def test_a_handler_runs_with_a_made_up_change() -> None:
    pages: list[bytes] = []
    outcome = await pager(make_change(make_connection()), make_context(Options(), http=target(pages)))
    assert outcome == Done("42")
    assert LINK.encode() in pages[0]


async def test_a_finished_step_is_not_run_again_by_the_next_attempt() -> None:
    pages: list[bytes] = []
    steps = MemorySteps()
    for attempt in (1, 2):
        ctx = make_context(Options(), http=target(pages), steps=steps, attempt=attempt)
        assert await pager(make_change(make_connection()), ctx) == Done("42")
    assert len(pages) == 1


async def test_a_request_that_nobody_answers_fails_and_says_what_to_do() -> None:
    with pytest.raises(AssertionError, match=r"POST pager\.example: pass `http`"):
        await pager(make_change(make_connection()), make_context(Options()))


async def test_a_step_whose_result_is_not_json_fails_as_it_would_in_the_router() -> None:
    with pytest.raises(TypeError):
        await MemorySteps().record("page", object())  # type: ignore[arg-type]  # the mistake that is tested


async def test_there_may_be_no_link() -> None:
    assert await make_context(Options(), link=None).reconnect_link() is None


def test_the_first_change_is_one_in_all_attributes_and_a_later_one_in_the_status() -> None:
    assert make_change(make_connection()).changed == Connection.model_fields.keys()
    later = make_change(make_connection("CONNECTED"), "PASSWORD_INCORRECT", version=2)
    assert later.changed == {"status"}
    assert later.previous_status is not None
    assert later.previous_status.needs_owner


def test_the_status_can_be_given_by_its_name() -> None:
    assert make_connection(status="CONNECTED").status.healthy


async def test_a_step_that_returns_too_much_fails_as_it_would_in_the_router() -> None:
    with pytest.raises(ValueError, match="step 'page' returned more than 16384 bytes"):
        await MemorySteps().record("page", "x" * 16_384)


async def test_the_connections_of_a_company_can_be_given() -> None:
    mine, other = make_connection(), make_connection(company={"id": str(uuid4())})
    assert mine.company
    assert mine.company.id
    ctx = make_context(Options(), company=[mine, other])
    assert list(await ctx.company_connections(mine.company.id)) == [mine]


def test_any_attribute_can_be_given() -> None:
    connection = make_connection("NEW_ONE", workflow_owner_email=None, datasource={"name": "Gas & Co"})
    assert not connection.status.known
    assert connection.workflow_owner_email is None
    assert connection.datasource is not None
    assert connection.datasource.name == "Gas & Co"
