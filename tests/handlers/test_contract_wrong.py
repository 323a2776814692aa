"""The contract suite finds what is wrong with handlers that break the contract, and says how to mend it."""

from typing import Any

import pytest

from receiver.api import Handler
from receiver.testing import ContractError, check_handler, contract_findings, contract_report
from receiver.testing.contract.catalogue import CATALOGUE
from tests.handlers import wrong_handlers as wrong
from tests.handlers import wrong_readers as readers
from tests.handlers import wrong_runners as runners

CASES: list[tuple[Handler[Any], dict[str, list[str]]]] = [
    (wrong.no_key, {"not-idempotent": ["POST /made-up", "ctx.idempotency_key"], "runs-again": ["ctx.once"]}),
    (wrong.new_key_each_time, {"not-idempotent": ["dies after effect 1"], "runs-again": ["once more"]}),
    (wrong.same_key_for_all, {"not-idempotent": ["no key"], "runs-again": ["no key"]}),
    (wrong.step_without_key, {"unrecognisable": ["ctx.once", 'allow={"unrecognisable"}']}),
    (
        wrong.two_posts_one_step,
        {"not-idempotent": ["POST /made-up/tickets, POST /made-up/comments"], "unrecognisable": []},
    ),
    (wrong.acts_before_looking, {"not-idempotent": [], "runs-again": ["look there first"]}),
    (wrong.mails_twice, {"runs-again": ["ctx.outside: mail"]}),
    (readers.logs_secret, {"leaks-secret": ["the option 'token' is in a log line"]}),
    (readers.logs_secret_url_on_failure, {"leaks-secret": ["is answered 500", "httpx error's text"]}),
    (readers.prints_link, {"leaks-secret": ["the reconnect link is in the output"]}),
    (readers.tells_owner, {"leaks-personal-data": ["the owner's address is in the outcome"]}),
    (wrong.swallows, {"swallows-errors": ["Done", "raise_for_status"]}),
    (wrong.never_looks, {"swallows-errors": ["PUT /made-up failed"]}),
    (wrong.reads_before_looking, {"hides-errors": ["KeyError: 'id'", "raise_for_status"]}),
    (wrong.gives_up, {"gives-up": ["RetryLater"]}),
    (wrong.remembers_too_soon, {"forgets-what-failed": ["after the effect, not before"]}),
    (wrong.stumbles_over_its_own_step, {"does-not-recover": ["dies after effect 2", "KeyError: 'ticket'"]}),
    (wrong.needs_ticket, {"assumes-order": ["CONNECTED with nothing before", 'memory.get("ticket")']}),
    (wrong.trusts_previous_status, {"assumes-order": ["memory lost", "KeyError: 'told'"]}),
    (runners.blocks, {"blocks-loop": ["in blocks: time.sleep(0.3)", "asyncio.sleep"]}),
    (runners.blocks_when_throttled, {"blocks-loop": ["answered 429"]}),
    (readers.knows_all_statuses, {"breaks-on-unknown-status": ["ADDED_BY_NECTAR", "needs_owner"]}),
    (readers.needs_status, {"breaks-without-status": ["IndexError"]}),
    (readers.needs_owner, {"breaks-without-owner": ["owner is None"]}),
    (readers.needs_company, {"breaks-without-company": ["company.name"]}),
    (readers.needs_utility, {"breaks-on-minimal": ["mypy"]}),
    (readers.needs_link, {"breaks-without-link": ["RECONNECT_LINK=none"]}),
    (readers.name_in_header, {"breaks-on-odd-text": ["UnicodeEncodeError", "quote"]}),
    (readers.keeps_reply, {"keeps-what-is-not-json": ["ctx.memory", "Response is not JSON"]}),
    (readers.keeps_too_much, {"keeps-what-is-not-json": ["16384"]}),
    (readers.step_returns_reply, {"keeps-what-is-not-json": ["the step 'page'"]}),
    (runners.returns_nothing, {"bad-outcome": ["NoneType", "Done(...)"]}),
    (runners.returns_coroutine, {"forgets-to-await": ["it returned coroutine"]}),
    (runners.forgets_await, {"forgets-to-await": ['page(ctx, "broken")', "`await`"]}),
    (runners.leaves_a_task, {"forgets-to-await": ["a task runs on when it has answered: page"]}),
    (runners.uses_coroutine, {"forgets-to-await": ["'coroutine' object has no attribute"]}),
    (runners.too_slow, {"too-slow": ["5 s", "timeout=60"]}),
    (runners.swallows_cancellation, {"swallows-cancellation": ["never mind", "CancelledError"]}),
    (runners.never_ends, {"swallows-cancellation": ["never ended"]}),
    (runners.own_client, {"goes-around-context": ["in own_client", "ctx.http"]}),
    (runners.blocking_client, {"goes-around-context": ["in blocking_client: urllib.request.urlopen"]}),
    (runners.global_change, {"shares-state": ["the id of one connection"]}),
    (runners.global_ticket, {"shares-state": ["DELETE /made-up/made-up-1-"]}),
    (wrong.real_target, {"needs-stand-in": ["KeyError: 'ticket'", "@pager.stand_in"]}),
    (wrong.always_fails, {"fails": ["ValueError: nothing works"]}),
    (runners.posts_in_preflight, {"changes-target-in-preflight": ["POST /made-up"]}),
    (runners.preflight_says_yes, {"bad-preflight": ["bool"]}),
    (runners.bad_stand_in, {"stand-in-breaks": ["KeyError: 'forgotten'", "POST target.example.com/made-up"]}),
]


@pytest.mark.parametrize(("handler", "expected"), CASES, ids=[each.name for each, _ in CASES])
def test_what_is_wrong_is_found_and_nothing_else(
    handler: Handler[Any], expected: dict[str, list[str]]
) -> None:
    """By its name, with words that help whoever wrote the handler."""
    findings = {finding.name: finding for finding in contract_findings(handler)}
    assert list(findings) == list(expected)
    for name, helpful in expected.items():
        for words in helpful:
            assert words in str(findings[name])


def test_everything_that_can_be_found_is_found_in_one_of_them() -> None:
    assert {name for _, expected in CASES for name in expected} == set(CATALOGUE)


def test_a_check_fails_with_all_that_was_found() -> None:
    with pytest.raises(ContractError) as error:
        check_handler(wrong.no_key)
    told = str(error.value)
    assert told.startswith("no-key breaks the handler contract in 2 ways (scenes played: ")
    assert "1. not-idempotent\n" in told
    assert "2. runs-again\n" in told
    assert [finding.name for finding in error.value.report.findings] == ["not-idempotent", "runs-again"]


def test_what_is_meant_to_be_so_can_be_allowed() -> None:
    check_handler(wrong.step_without_key, allow={"unrecognisable"})


def test_a_scene_tells_what_was_found_in_it() -> None:
    found = [scene for scene in contract_report(readers.needs_owner).scenes if scene.findings]
    assert [scene.findings for scene in found] == [("breaks-without-owner",)] * len(found)
    assert found[0].told == "PASSWORD_INCORRECT without an owner"


def test_no_secret_and_no_address_is_told() -> None:
    options = wrong.Options.model_validate({"url": "https://pager.example", "token": "hush-hush"})
    for handler in (
        readers.logs_secret,
        readers.logs_secret_url_on_failure,
        readers.tells_owner,
        wrong.swallows,
    ):
        told = str(contract_report(handler, options))
        assert "hush-hush" not in told
        assert "dana.owner" not in told
