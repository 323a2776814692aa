"""The mail handler with Resend as its transport, against a server that speaks as Resend documents it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from handlers.email import email
from handlers.email.stand_in import StandIn
from receiver.api import Connection, Done, Rejected, Skipped
from receiver.policy import Reaction, judge
from receiver.testing import LINK, MemorySteps, Run, check_handler, make_change, make_connection, run_handler
from tests.handlers.fake_resend import KEY, SENDER, FakeResend
from tests.handlers.mailing import BROKEN, OWNER, WORKS
from tests.handlers.vendor_spec import VendorSpec

pytestmark = pytest.mark.anyio
MOVED_ON = make_connection("MFA_TOKEN_EXPIRED", id=BROKEN.id)


@pytest.fixture
async def resend() -> AsyncIterator[FakeResend]:
    async with FakeResend().serving() as fake:
        assert isinstance(fake, FakeResend)
        yield fake


async def attempt(
    resend: FakeResend, connection: Connection = BROKEN, *, given: dict[str, Any] | None = None, **more: Any
) -> Run:
    """One attempt, in earnest; nothing of it may show a secret or the owner's address."""
    async with httpx.AsyncClient(trust_env=False) as http:
        options = resend.options(**(given or {}))
        run = await run_handler(email, make_change(connection), options, http=http, **more)
    shown = repr((run.outcome, run.reason, run.log, str(run.error), run.memory))
    for secret in (KEY, OWNER, LINK, "northwind"):
        assert secret not in shown
    return run


async def test_the_owner_gets_the_mail_and_the_outcome_is_its_id_at_resend(resend: FakeResend) -> None:
    run = await attempt(resend, given={"reply_to": "Help <help@acme.example>"})
    [mail] = resend.mails
    assert isinstance(run.outcome, Done)
    assert len(str(run.outcome.reference)) == 36
    assert (mail["from"], mail["to"]) == (SENDER, [OWNER])
    assert mail["reply_to"] == ["Help <help@acme.example>"]
    assert mail["subject"] == "Please update the password for Harbor Electric"
    assert LINK in mail["text"]
    assert LINK in mail["html"]
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    assert mail["headers"]["In-Reply-To"] == mail["headers"]["References"]
    assert mail["headers"]["List-Unsubscribe"] == "<mailto:help@acme.example?subject=Unsubscribe>"


async def test_from_break_to_recovery(resend: FakeResend) -> None:
    """As by SMTP: one mail when it breaks, one when it works again, in one conversation."""
    memory: dict[str, JsonValue] = {}
    went: list[type] = []
    for connection in (BROKEN, BROKEN, WORKS, WORKS):
        run = await attempt(resend, connection, memory=memory)
        memory, went = run.memory, [*went, type(run.outcome)]
    assert went == [Done, Skipped, Done, Skipped]
    assert [mail["subject"].split()[0] for mail in resend.mails] == ["Please", "Connected"]
    assert len({mail["headers"]["References"] for mail in resend.mails}) == 1
    assert len(set(resend.keys)) == 2


@pytest.mark.parametrize(
    ("then", "link"), [(BROKEN, LINK), (BROKEN, "https://example.com/another"), (MOVED_ON, LINK)]
)
async def test_a_lost_reply_makes_no_second_mail(resend: FakeResend, then: Connection, link: str) -> None:
    """Whatever it would say by then: the key is the mail's, not the text's."""
    resend.loses_replies = True
    steps = MemorySteps()
    assert (await attempt(resend, steps=steps)).outcome is None
    resend.loses_replies = False
    run = await attempt(resend, then, steps=steps, link=link, attempt=2)
    assert isinstance(run.outcome, Done)
    assert run.outcome.reference
    assert run.memory["told"]
    assert len(resend.mails) == 1
    assert len(resend.keys) == 2
    assert len(set(resend.keys)) == 1


async def test_two_routers_with_senders_of_their_own_do_not_share_a_key(resend: FakeResend) -> None:
    await attempt(resend)
    await attempt(resend, given={"from": "trials@acme.example"})
    assert len(resend.mails) == len(set(resend.keys)) == 2


@pytest.mark.parametrize("name", ["rate_limit_exceeded", "daily_quota_exceeded", "monthly_quota_exceeded"])
async def test_too_much_waits_as_long_as_resend_says(resend: FakeResend, name: str) -> None:
    resend.trouble(429, {"name": name, "message": f"too much for {OWNER}"}, retry_after="77")
    run = await attempt(resend)
    assert run.error is not None
    judged = judge(run.error)
    assert (judged.reaction, judged.after, judged.target_down) == (Reaction.RETRY, 77, True)
    assert name in repr(run.log)


@pytest.mark.parametrize(
    ("code", "name", "reaction", "down", "said"),
    [
        (401, "missing_api_key", Reaction.PARK, False, "EMAIL_RESEND_API_KEY"),
        (401, "restricted_api_key", Reaction.PARK, False, "EMAIL_RESEND_API_KEY"),
        (403, "invalid_api_key", Reaction.PARK, False, "EMAIL_RESEND_API_KEY"),
        (403, "validation_error", Reaction.PARK, False, "EMAIL_FROM"),
        (422, "invalid_from_address", Reaction.PARK, False, "EMAIL_FROM"),
        (404, "not_found", Reaction.PARK, False, "EMAIL_RESEND_URL"),
        (301, "", Reaction.PARK, False, "EMAIL_RESEND_URL"),
        (409, "concurrent_idempotent_requests", Reaction.RETRY, False, "still under way"),
        (500, "application_error", Reaction.RETRY, True, "500"),
        (503, f"{OWNER}", Reaction.RETRY, True, "503"),
    ],
)
async def test_each_refusal_has_its_reaction(
    resend: FakeResend, code: int, name: str, reaction: Reaction, down: bool, said: str
) -> None:
    """And says what to look at, never what Resend wrote, which repeats addresses."""
    resend.trouble(code, {"name": name, "message": f"something about {OWNER}"})
    run = await attempt(resend)
    assert run.error is not None
    judged = judge(run.error)
    assert (judged.reaction, judged.target_down) == (reaction, down)
    assert said in judged.reason
    assert (await attempt(resend)).outcome is not None


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (422, "validation_error"),
        (400, "validation_error"),
        (422, "invalid_parameter"),
        (451, "security_error"),
    ],
)
async def test_a_mail_that_resend_will_not_take_is_rejected(resend: FakeResend, code: int, name: str) -> None:
    resend.trouble(code, {"name": name, "message": f"Invalid `to` field: {OWNER}"})
    run = await attempt(resend)
    assert run.outcome == Rejected(f"Resend answered {code} {name}: it does not take this mail")
    assert run.memory["told"] == []


async def test_a_key_that_is_refused_as_a_wrong_field_parks_all_the_same(resend: FakeResend) -> None:
    resend.trouble(400, {"name": "validation_error", "message": "API key is invalid"})
    run = await attempt(resend)
    assert isinstance(run.error, PermissionError)


async def test_a_sender_whose_domain_is_not_verified_parks_the_handler() -> None:
    async with FakeResend(status="pending").serving() as resend:
        assert isinstance(resend, FakeResend)
        assert isinstance((await attempt(resend)).error, PermissionError)
    assert resend.mails == []


async def preflight(resend: FakeResend, **given: Any) -> str:
    assert email.check is not None
    async with httpx.AsyncClient(trust_env=False) as http:
        return await email.check(resend.options(**given), http)


async def test_the_preflight_finds_key_and_domain_good_and_sends_nothing(resend: FakeResend) -> None:
    assert await preflight(resend) == "Resend takes the key; acme.example there: verified"
    resend.domains["acme.example"] = "temporary_failure"
    assert await preflight(resend) == "Resend takes the key; acme.example there: temporary failure"
    assert resend.paths == ["/domains", "/domains"]


async def test_the_preflight_of_a_key_that_may_only_send_says_what_it_cannot_know() -> None:
    async with FakeResend(sending_only=True).serving() as resend:
        assert isinstance(resend, FakeResend)
        assert "may only send" in await preflight(resend)


async def test_the_preflight_names_what_is_wrong(resend: FakeResend) -> None:
    with pytest.raises(PermissionError, match="EMAIL_RESEND_API_KEY"):
        await preflight(resend, resend_api_key="re_another")
    with pytest.raises(PermissionError, match=r"other\.example of EMAIL_FROM is none of its domains"):
        await preflight(resend, **{"from": "energy@other.example"})
    resend.domains["acme.example"] = "failed"
    with pytest.raises(PermissionError, match="not verified there: failed"):
        await preflight(resend)


def test_it_keeps_the_contract_by_resend_too() -> None:
    """Every request of the suite as Resend documents it."""
    spec = VendorSpec("resend")
    options = FakeResend().options(resend_url="https://api.resend.example")

    def checked(given: Any) -> Any:
        answer = StandIn(given)

        def check(request: httpx.Request) -> httpx.Response:
            spec.check(request)
            return answer(request)

        return check

    check_handler(email, options, stand_in=checked)
    assert "send email" in spec.asked
