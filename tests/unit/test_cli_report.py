"""`dev --once` calls a story good only if all of it happened."""

from collections.abc import Iterable
from dataclasses import replace
from email.message import EmailMessage

from receiver.cli.dev.once import Scene
from receiver.cli.dev.report import findings, mail_findings
from receiver.cli.output import Finding, Verdict
from receiver.journal.history import Accepted, Version
from receiver.journal.history import Attempt as Tried
from receiver.simulator import Attempt, Mail, Message

CONNECTION = "51b56772-b343-43d7-842b-14b7dad1d311"
LINK = "https://dash.nectarclimate.com/p/connect/acme/workflow/made-up"
OWNER = "owner@example.com"
STATUSES = ("PENDING", "CONNECTED", "PASSWORD_INCORRECT", "CONNECTED")


def message(status: int | None, *, abort: bool = False) -> Message:
    """A webhook that was answered with this status."""
    attempt = Attempt("msg", 0, status, 0.01, abort=abort)
    return Message("msg", "connection.validated.v2", b"{}", [attempt])


def mail(*links: str, to: str = OWNER) -> Mail:
    return Mail("router@example.com", (to,), "Hello", "", "", links, EmailMessage())


def scene(number: int) -> Scene:
    """A step that went well."""
    works = ("refresh", "fetched"), ("deliver:email", "done"), ("deliver:log", "done")
    mails = {2: [mail(LINK)], 3: [mail()]}
    return Scene(
        name=f"step {number}",
        status=STATUSES[number],
        settled=True,
        messages=[message(202)],
        accepted=[Accepted("1000-0", "msg", "connection.validated.v2", CONNECTION)],
        versions=[Version(number, STATUSES[number], ("status",), 1010)],
        attempts=[Tried(f"{work}:{CONNECTION}", number, outcome, "", 1020) for work, outcome in works],
        mails=mails.get(number, []),
    )


GOOD = [scene(number) for number in range(4)]


def changed(number: int, **fields: object) -> list[Scene]:
    """The good story, one step of it told otherwise."""
    return [replace(each, **fields) if place == number else each for place, each in enumerate(GOOD)]  # type: ignore[arg-type]  # fields of many types


def failed(found: Iterable[Finding]) -> list[str]:
    return [finding.subject for finding in found if finding.verdict is Verdict.FAILED]


def judged(scenes: list[Scene], *, dead: Iterable[str] = ()) -> list[str]:
    """The subjects of what failed; both handlers are concerned by every change."""
    return failed(findings(scenes, CONNECTION, lambda _: ["email", "log"], list(dead)))


def test_a_story_that_went_well_is_good() -> None:
    assert judged(GOOD) == []
    assert failed(mail_findings(GOOD, OWNER, LINK)) == []


def test_a_webhook_that_was_not_answered_2xx_fails_it() -> None:
    for status in (None, 301, 401, 503):
        assert judged(changed(0, messages=[message(status)])) == ["Webhooks"]


def test_a_webhook_in_the_quarantine_fails_it_twice() -> None:
    assert judged(changed(0, messages=[message(422, abort=True)])) == ["Webhooks", "Left over"]


def test_a_change_that_was_not_fetched_fails_it() -> None:
    assert "Fetches" in judged(changed(1, versions=[]))
    assert "Fetches" in judged(changed(1, versions=[Version(1, "PENDING", ("status",), 1010)]))


def test_a_handler_that_was_not_run_or_failed_fails_it() -> None:
    only_log = [attempt for attempt in GOOD[1].attempts if "email" not in attempt.work]
    assert judged(changed(1, attempts=only_log)) == ["Handlers"]
    rejected = [replace(attempt, outcome="reject") for attempt in GOOD[1].attempts]
    assert judged(changed(1, attempts=rejected)) == ["Handlers"]


def test_a_handler_that_got_through_in_the_end_is_good() -> None:
    first = replace(GOOD[1].attempts[1], outcome="retry")
    assert judged(changed(1, attempts=[first, *GOOD[1].attempts])) == []


def test_work_that_is_not_finished_in_time_fails_it() -> None:
    assert judged(changed(3, settled=False)) == ["Handlers"]


def test_a_dead_letter_fails_it() -> None:
    assert judged(GOOD, dead=[f"deliver:log:{CONNECTION}"]) == ["Left over"]


def test_a_mail_too_few_too_many_or_to_somebody_else_fails_it() -> None:
    for mails in ([], [mail(LINK), mail(LINK)], [mail(LINK, to="other@example.com")]):
        assert "Mails" in failed(mail_findings(changed(2, mails=mails), OWNER, LINK))


def test_the_link_belongs_into_the_first_mail_and_not_into_the_second() -> None:
    for number, mails in ((2, [mail()]), (2, [mail(LINK + "x")]), (3, [mail(LINK)])):
        assert failed(mail_findings(changed(number, mails=mails), OWNER, LINK)) == ["Reconnect link"]


def test_without_a_link_to_expect_none_is_looked_for() -> None:
    assert failed(mail_findings(changed(2, mails=[mail()]), OWNER, None)) == []


def test_times_count_from_the_first_event_of_the_step() -> None:
    two = [Accepted(mark, "msg", "connection.validated.v2", CONNECTION) for mark in ("1005-0", "1000-3")]
    assert replace(GOOD[0], accepted=two).after(1010) == 10
