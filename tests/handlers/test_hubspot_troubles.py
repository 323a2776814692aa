"""What HubSpot may answer instead, and what becomes of the deliveries."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from handlers.crm import BusyError
from handlers.hubspot import hubspot
from handlers.hubspot.crm import item_by_item
from receiver.api import Done, Outcome, Rejected
from receiver.policy import Reaction, judge
from receiver.testing import make_change
from tests.handlers.crm_world import ACME, BOLT, Nectar, context
from tests.handlers.fake_hubspot import TOKEN, FakeHubSpot

pytestmark = pytest.mark.anyio

TOO_LONG = {**BOLT, "externalId": "too-long"}


@pytest.fixture
async def account() -> AsyncIterator[FakeHubSpot]:
    async with FakeHubSpot().serving() as fake:
        assert isinstance(fake, FakeHubSpot)
        yield fake


async def tell_all(account: FakeHubSpot, nectar: Nectar, **more: object) -> list[Outcome | BaseException]:
    """Deliver every connection there is, side by side; what each ends with."""
    options = account.options(**more)
    async with httpx.AsyncClient(trust_env=False) as http:
        shown = [make_change(each) for each in nectar.connections.values()]
        return await asyncio.gather(
            *(hubspot(change, context(options, nectar, http=http)) for change in shown),
            return_exceptions=True,
        )


async def raised_by(account: FakeHubSpot) -> BaseException:
    """What one delivery raises."""
    nectar = Nectar()
    nectar.connect()
    [raised] = await tell_all(account, nectar)
    assert isinstance(raised, BaseException)
    return raised


async def test_of_a_batch_in_part_refused_each_gets_what_it_deserves(account: FakeHubSpot) -> None:
    """207: one record is refused, the others are written."""
    nectar = Nectar()
    for company in (ACME, TOO_LONG):
        nectar.connect(company=company)
    good, bad = await tell_all(account, nectar)
    assert isinstance(good, Done)
    assert bad == Rejected("HubSpot refuses the record: VALIDATION_ERROR, INVALID_LENGTH, nectar_link")
    assert len(account.records["companies"]) == 1


async def test_of_a_batch_refused_as_a_whole_the_good_ones_are_written_all_the_same(
    account: FakeHubSpot,
) -> None:
    """Contacts: HubSpot refuses all of them for one."""
    nectar = Nectar()
    for n in range(6):
        nectar.connect(workflow_owner_email=f"owner{n}@acme.example")
    nectar.connect(company=BOLT, workflow_owner_email="too-long@bolt.example")
    *good, bad = await tell_all(account, nectar, contacts=True)
    assert all(isinstance(outcome, Done) for outcome in good)
    assert bad == Rejected("HubSpot answered 400: VALIDATION_ERROR, INVALID_LENGTH, nectar_link")
    assert len(account.records["contacts"]) == 6


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
async def test_a_hubspot_that_is_busy_or_down_is_tried_again_when_it_says(
    account: FakeHubSpot, code: int
) -> None:
    account.trouble(code, {"policyName": "TEN_SECONDLY_ROLLING"}, Retry_After="7")
    failure = judge(await raised_by(account))
    assert (failure.reaction, failure.after, failure.target_down) == (Reaction.RETRY, 7, True)


@pytest.mark.parametrize("code", [423, 477])
async def test_a_lock_passes(account: FakeHubSpot, code: int) -> None:
    """423: the record is being written by others; 477: the account is being moved."""
    account.trouble(code, {"status": "error"})
    failure = judge(await raised_by(account))
    assert (failure.reaction, failure.target_down) == (Reaction.RETRY, True)


@pytest.mark.parametrize(("code", "advice"), [(401, "HUBSPOT_TOKEN"), (403, "scope")])
async def test_a_token_that_is_refused_parks_the_handler_and_says_what_to_do(
    account: FakeHubSpot, code: int, advice: str
) -> None:
    account.trouble(code, {"category": "MISSING_SCOPES"})
    failure = judge(await raised_by(account))
    assert failure.reaction is Reaction.PARK
    assert advice in failure.reason


async def test_properties_that_are_not_there_park_the_handler_too() -> None:
    """Whoever makes them later finds nothing in the dead letters."""
    async with FakeHubSpot(is_set_up=False).serving() as fake:
        assert isinstance(fake, FakeHubSpot)
        failure = judge(await raised_by(fake))
    assert failure.reaction is Reaction.PARK
    assert "handlers setup hubspot" in failure.reason
    assert "nectar_company_id" in failure.reason


async def test_no_text_repeats_what_hubspot_says_nor_the_token(account: FakeHubSpot) -> None:
    """Its messages repeat values, among them addresses."""
    for code in (400, 401, 403, 409, 423, 429, 500):
        account.trouble(code, {"message": "hush@acme.example is no address", "category": "VALIDATION_ERROR"})
        nectar = Nectar()
        nectar.connect()
        [ended] = await tell_all(account, nectar)
        assert "hush" not in str(ended)
        assert TOKEN not in str(ended)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"category": null, "errors": null}', b'{"errors": ["?"]}']
)
async def test_a_refusal_that_says_nothing_of_use_is_a_refusal_all_the_same(body: bytes) -> None:
    nectar = Nectar()
    nectar.connect()
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(400, content=body)))
    options = FakeHubSpot().options(url="http://hubspot.example")
    [change] = [make_change(each) for each in nectar.connections.values()]
    outcome = await hubspot(change, context(options, nectar, http=http))
    assert outcome == Rejected("HubSpot answered 400: no reason given")


KEYS = ["A", "B", "C"]


def result(key: str, number: str, **more: str) -> dict[str, object]:
    return {"id": number, "properties": {"key": key}, **more}


def test_results_are_told_apart_by_their_place_in_whatever_order_they_come() -> None:
    body = {"results": [result("?", "3", objectWriteTraceId="2"), result("?", "1", objectWriteTraceId="0")]}
    assert item_by_item(KEYS, "key", body | {"errors": []})[::2] == ["1", "3"]


def test_or_else_by_their_key_however_hubspot_writes_it() -> None:
    assert item_by_item(KEYS, "key", {"results": [result("b", "2"), result("A", "1"), result("C", "3")]}) == [
        "1",
        "2",
        "3",
    ]


def test_one_of_whom_nothing_is_said_is_tried_again() -> None:
    answers = item_by_item(KEYS, "key", {"results": [result("A", "1")]})
    assert [type(answer) for answer in answers] == [str, BusyError, BusyError]


def test_an_error_that_does_not_say_whose_it_is_is_that_of_all_without_a_result() -> None:
    body = {"results": [result("A", "1")], "errors": [{"category": "VALIDATION_ERROR"}]}
    answers = item_by_item(KEYS, "key", body)
    assert [str(answer) for answer in answers[1:]] == ["HubSpot refuses the record: VALIDATION_ERROR"] * 2


@pytest.mark.parametrize("category", ["RATE_LIMITS", "INTERNAL_ERROR"])
def test_an_error_that_passes_is_tried_again(category: str) -> None:
    body = {"errors": [{"category": category, "context": {"objectWriteTraceId": ["0", "1", "2"]}}]}
    assert {type(answer) for answer in item_by_item(KEYS, "key", body)} == {BusyError}
