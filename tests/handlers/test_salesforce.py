"""The `salesforce` handler against an org that speaks as Salesforce documents it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from handlers.salesforce import Options, salesforce
from handlers.salesforce.api import literal
from receiver.api import Done, Outcome, Rejected, Skipped
from receiver.policy import Reaction, judge
from receiver.testing import make_change
from tests.handlers.crm_world import ACME, BOLT, Nectar, context
from tests.handlers.fake_salesforce import CLIENT, KEY, SECRET, FakeSalesforce

pytestmark = pytest.mark.anyio


@pytest.fixture
async def org() -> AsyncIterator[FakeSalesforce]:
    async with FakeSalesforce().serving() as fake:
        assert isinstance(fake, FakeSalesforce)
        yield fake


async def tell_all(org: FakeSalesforce, nectar: Nectar, options: Options | None = None) -> list[Any]:
    """Deliver every connection there is, side by side; what each ends with."""
    options = options or org.options()
    async with httpx.AsyncClient(trust_env=False) as http:
        shown = [make_change(each) for each in nectar.connections.values()]
        return await asyncio.gather(
            *(salesforce(change, context(options, nectar, http=http)) for change in shown),
            return_exceptions=True,
        )


async def tell(org: FakeSalesforce, company: dict[str, Any], options: Options | None = None) -> Any:
    """Deliver one connection to this company; what it ends with."""
    nectar = Nectar()
    nectar.connect("PASSWORD_INCORRECT", company, status_first_seen_time="2025-11-03T06:00:00Z")
    [ended] = await tell_all(org, nectar, options)
    return ended


def asked(org: FakeSalesforce) -> list[str]:
    """The last parts of what was asked for, in order."""
    return [f"{each.method} {each.url.path.rpartition('/')[2]}" for each in org.requests]


async def test_a_new_account_is_made_and_shows_its_connections(org: FakeSalesforce) -> None:
    outcome = await tell(org, ACME)
    [account] = org.accounts
    assert outcome == Done(account["Id"])
    assert account == {
        "Id": account["Id"],
        "Name": "Acme",
        KEY: "ACME-1",
        "Nectar_Connections__c": 1,
        "Nectar_Connected__c": 0,
        "Nectar_Needing_Action__c": 1,
        "Nectar_Worst_Status__c": "PASSWORD_INCORRECT",
        "Nectar_Since__c": "2025-11-03T06:00:00Z",
        "Nectar_Checked__c": "2025-11-03T06:00:00Z",
        "Nectar_Link__c": "https://dash.nectarclimate.com",
    }
    assert asked(org) == ["POST token", "GET query", "PATCH ACME-1"]


async def test_an_account_that_is_there_keeps_its_name(org: FakeSalesforce) -> None:
    account = org.add("ACME-1", Name="Acme Holdings Inc.")
    assert await tell(org, ACME) == Done(account["Id"])
    assert (account["Name"], account["Nectar_Connections__c"]) == ("Acme Holdings Inc.", 1)


async def test_what_says_all_that_already_is_not_written_again(org: FakeSalesforce) -> None:
    """Else each replay would set off the flows of whoever watches the account."""
    options = org.options()
    await tell(org, ACME, options)
    await tell(org, ACME, options)
    assert asked(org).count("PATCH ACME-1") == 1


async def test_no_account_is_made_where_none_is_wanted(org: FakeSalesforce) -> None:
    outcome = await tell(org, ACME, org.options(create=False))
    assert isinstance(outcome, Skipped)
    assert "SALESFORCE_CREATE" in outcome.reason
    assert org.accounts == []


async def test_the_companies_of_a_batch_are_looked_for_by_one_request(org: FakeSalesforce) -> None:
    nectar = Nectar()
    for n in range(20):
        nectar.connect(company={**ACME, "id": f"00000000-0000-0000-0000-{n:012}", "externalId": f"C-{n}"})
    assert all(isinstance(outcome, Done) for outcome in await tell_all(org, nectar))
    assert asked(org).count("GET query") == 1
    assert len(org.accounts) == 20


async def test_one_sign_in_serves_all(org: FakeSalesforce) -> None:
    nectar, options = Nectar(), org.options()
    for company in (ACME, BOLT):
        nectar.connect(company=company)
    await tell_all(org, nectar, options)
    await tell_all(org, nectar, options)
    assert asked(org).count("POST token") == 1


async def test_a_token_that_has_run_out_is_renewed_once_for_all(org: FakeSalesforce) -> None:
    nectar, options = Nectar(), org.options()
    for n in range(10):
        nectar.connect(company={**ACME, "id": f"00000000-0000-0000-0000-{n:012}", "externalId": f"C-{n}"})
    await tell_all(org, nectar, options)
    org.revoke()
    for each in list(nectar.connections):
        nectar.edit(each, status="PASSWORD_INCORRECT")
    assert all(isinstance(outcome, Done) for outcome in await tell_all(org, nectar, options))
    assert asked(org).count("POST token") == 2


async def test_credentials_that_are_refused_park_the_handler(org: FakeSalesforce) -> None:
    failure = judge(await tell(org, ACME, org.options(client_secret="wrong")))
    assert failure.reaction is Reaction.PARK
    assert "invalid_client" in failure.reason
    assert "SALESFORCE_CLIENT_ID" in failure.reason


async def test_a_token_refused_anew_parks_the_handler_and_asks_no_third_time(org: FakeSalesforce) -> None:
    org.troubles = [None, (401, [{"errorCode": "INVALID_SESSION_ID"}], {}), None]
    org.trouble(401, [{"errorCode": "INVALID_SESSION_ID"}])
    failure = judge(await tell(org, ACME))
    assert failure.reaction is Reaction.PARK
    assert asked(org) == ["POST token", "GET query", "POST token", "GET query"]


async def test_several_accounts_of_one_key_are_a_case_for_a_person(org: FakeSalesforce) -> None:
    org.add("ACME-1", Name="Acme")
    org.add("ACME-1", Name="Acme, once more")
    outcome = await tell(org, ACME)
    assert outcome == Rejected(
        "several records have that Account.Nectar_Id__c: merge them, and tick Unique on the field"
    )


async def test_the_daily_limit_is_waited_out_though_it_comes_as_403(org: FakeSalesforce) -> None:
    org.troubles = [None]
    org.trouble(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}])
    failure = judge(await tell(org, ACME))
    assert (failure.reaction, failure.target_down) == (Reaction.RETRY, True)


async def test_any_other_403_parks_the_handler(org: FakeSalesforce) -> None:
    org.troubles = [None]
    org.trouble(403, [{"errorCode": "INSUFFICIENT_ACCESS"}])
    failure = judge(await tell(org, ACME))
    assert failure.reaction is Reaction.PARK
    assert "INSUFFICIENT_ACCESS" in failure.reason


async def test_a_record_that_somebody_else_is_writing_is_tried_again(org: FakeSalesforce) -> None:
    org.troubles = [None, None]
    org.trouble(400, [{"errorCode": "UNABLE_TO_LOCK_ROW"}])
    assert judge(await tell(org, ACME)).reaction is Reaction.RETRY


async def test_an_org_that_is_down_is_tried_again(org: FakeSalesforce) -> None:
    org.troubles = [None]
    org.trouble(503, [{"errorCode": "SERVER_UNAVAILABLE"}])
    failure = judge(await tell(org, ACME))
    assert (failure.reaction, failure.target_down) == (Reaction.RETRY, True)


async def test_a_field_that_our_user_lacks_parks_the_handler_and_is_named(org: FakeSalesforce) -> None:
    del org.fields["Nectar_Since__c"]
    failure = judge(await tell(org, ACME))
    assert failure.reaction is Reaction.PARK
    assert "Nectar_Since__c" in failure.reason


async def test_a_record_that_has_gone_meanwhile_is_tried_again(org: FakeSalesforce) -> None:
    org.add("ACME-1", Name="Acme")
    org.troubles = [None, None]
    org.trouble(404, [{"errorCode": "NOT_FOUND"}])
    assert judge(await tell(org, ACME)).reaction is Reaction.RETRY


async def test_a_key_that_salesforce_cannot_be_asked_for_is_rejected_with_the_way_out(
    org: FakeSalesforce,
) -> None:
    company = {**ACME, "externalId": "acme.INC"}
    outcome = await tell(org, company)
    assert isinstance(outcome, Rejected)
    assert "SALESFORCE_FIND_BY=company-id" in outcome.reason
    assert isinstance(await tell(org, company, org.options(find_by="company-id")), Done)


@pytest.mark.parametrize("key", ["O'Brien & Söhne", "a/b?c#d", "50% off", "back\\slash", "') OR (Id != '"])
async def test_any_other_key_finds_its_account_and_no_other(org: FakeSalesforce, key: str) -> None:
    bystander = org.add("bystander", Name="Bystander")
    for _ in range(2):
        assert isinstance(await tell(org, {**ACME, "externalId": key}), Done)
    assert [each[KEY] for each in org.accounts] == ["bystander", key]
    assert "Nectar_Connections__c" not in bystander


def test_a_key_cannot_break_out_of_the_query() -> None:
    assert literal("a'b\\c\nd") == r"'a\'b\\c\nd'"


async def test_no_text_repeats_what_salesforce_says_nor_a_secret(org: FakeSalesforce) -> None:
    for code in (400, 403, 404, 409, 500):
        org.troubles = [None, None]
        org.trouble(
            code, [{"message": "hush@acme.example", "errorCode": "STRING_TOO_LONG", "fields": ["Name"]}]
        )
        ended: Outcome | BaseException = await tell(org, ACME)
        for hidden in ("hush", CLIENT, SECRET, *filter(None, org.tokens)):
            assert hidden not in str(ended)


async def preflight(org: FakeSalesforce, **more: Any) -> str:
    assert salesforce.check is not None
    async with httpx.AsyncClient(trust_env=False) as http:
        return await salesforce.check(org.options(**more), http)


async def test_check_signs_in_and_says_that_all_is_there(org: FakeSalesforce) -> None:
    assert await preflight(org) == "signed in; the fields of Account are there"


async def test_check_says_what_is_missing_or_of_another_kind(org: FakeSalesforce) -> None:
    org.fields[KEY]["unique"] = False
    del org.fields["Nectar_Link__c"]
    org.fields["Nectar_Since__c"]["updateable"] = False
    org.fields["Nectar_Connected__c"]["type"] = "string"
    with pytest.raises(LookupError) as wrong:
        await preflight(org)
    for part in (
        "Account.Nectar_Id__c must be there, with External ID and Unique ticked",
        "Account.Nectar_Link__c is missing, or our user may not write it",
        "Account.Nectar_Since__c is missing, or our user may not write it",
        "Account.Nectar_Connected__c is a string and must be a double",
    ):
        assert part in str(wrong.value)


async def test_check_says_that_the_credentials_are_refused(org: FakeSalesforce) -> None:
    with pytest.raises(PermissionError, match="invalid_client"):
        await preflight(org, client_id="wrong")
