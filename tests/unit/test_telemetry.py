"""What logs say, and what they never say."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr
from structlog.contextvars import bound_contextvars

from receiver.telemetry import (
    LONGEST_TRACE,
    MASK,
    Redactor,
    configure_logging,
    log_delivery,
    milliseconds_since,
)

TOKEN = "xoxb-a-token-of-theirs"


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


PATTERNS = {
    "a magic link": (
        "see https://dash.nectarclimate.com/p/connect/acme/workflow/hush-1.2_3 now",
        f"see https://dash.nectarclimate.com/p/connect/acme/workflow/{MASK} now",
    ),
    "an invitation": (
        '<a href="https://dash.nectarclimate.com/p/i/hush">',
        f'<a href="https://dash.nectarclimate.com/p/i/{MASK}">',
    ),
    "a webhook secret": ("key whsec_MDEy/+NDU=.", f"key {MASK}."),
    "a password in a URL": ("redis://:pw@host:6379/0", f"redis://:{MASK}@host:6379/0"),
    "a login in a URL": ("smtp://robot:p%40ss@mail.example", f"smtp://robot:{MASK}@mail.example"),
    "a URL without a login": ("http://127.0.0.1:8000/a:b", "http://127.0.0.1:8000/a:b"),
    "a token in a query": (
        "POST https://x.example/?a=1&access_token=abc&b=2#end",
        f"POST https://x.example/?a=1&access_token={MASK}&b=2#end",
    ),
    "a key in a query": ("'https://x.example/y?api-key=abc'", f"'https://x.example/y?api-key={MASK}'"),
    "an address": ("to Pat.Smith+1@acme-corp.example, please", "to P***@acme-corp.example, please"),
    "an address in brackets": ("<owner@acme.example>", "<o***@acme.example>"),
    "an address in a URL": ("?to=owner%40acme.example&x", "?to=o***%40acme.example&x"),
    "several addresses": ("a@x.example;bob@y.example", "a***@x.example;b***@y.example"),
    "an at sign": ("3 @ 4, user@ and @home", "3 @ 4, user@ and @home"),
    "nothing of the kind": ("PASSWORD_INCORRECT since 2024-05-01", "PASSWORD_INCORRECT since 2024-05-01"),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_promise_10_secrets_and_addresses_are_masked_by_their_form(redactor: Redactor, name: str) -> None:
    text, masked = PATTERNS[name]
    assert redactor.text(text) == masked


@given(word=st.from_regex(r"[a-z0-9.+_-]{1,80}", fullmatch=True), text=st.text())
def test_promise_10_no_address_is_left_whole_whatever_stands_around_it(word: str, text: str) -> None:
    masked = Redactor().text(f"{text} {word}xy@acme.example {text}")
    assert f"{word}xy" not in masked.replace(text, "")
    assert "***@acme.example" in masked


@pytest.mark.parametrize("piece", ["a.", "a@", "://a:", "?key", "/workflow/", "whsec_", "%40", "&a-"])
def test_a_text_of_a_megabyte_is_no_burden(redactor: Redactor, piece: str) -> None:
    # What looks back over what it has seen would take hours here.
    assert redactor.text(piece * (1_000_000 // len(piece)) + " owner@acme.example").endswith(
        "o***@acme.example"
    )


NAMES = [
    "password",
    "smtpPassword",
    "api_key",
    "X-API-KEY",
    "Authorization",
    "access_token",
    "svix-signature",
]
PERSONAL = ["username", "userName", "email", "emails", "workflowOwnerEmail", "workflow_owner_email"]


@pytest.mark.parametrize("name", [*NAMES, *PERSONAL, "connectionMagicLinkSecret", "credentials"])
@pytest.mark.parametrize("value", ["x", 1234, 1.5, ["x"], {"y": "x"}, b"x"])
def test_promise_10_values_are_masked_by_their_name(redactor: Redactor, name: str, value: object) -> None:
    assert redactor.value({name: value}) == {name: MASK}
    assert redactor.value([{"deep": ({name: value},)}]) == [{"deep": [{name: MASK}]}]


@pytest.mark.parametrize("value", [None, True, False])
def test_whether_there_is_a_secret_may_be_said(redactor: Redactor, value: object) -> None:
    assert redactor.value({"password": value}) == {"password": value}


def test_other_values_stay_as_they_are(redactor: Redactor) -> None:
    value = {"attempt": 3, "took": 1.5, "status": "CONNECTED", "ids": ["a", "b"], "none": None, "on": True}
    assert redactor.value(value) == value


def test_promise_10_what_an_object_says_of_itself_is_masked(redactor: Redactor) -> None:
    class Person:
        def __str__(self) -> str:
            return "owner@acme.example"

    assert redactor.value([Person(), {Person(): 1}]) == ["o***@acme.example", {"o***@acme.example": 1}]


def test_promise_10_secrets_that_were_told_are_masked_wherever_they_turn_up(redactor: Redactor) -> None:
    redactor.hide(TOKEN, SecretStr("a-second-one"), None, "")
    assert redactor.text(f"<{TOKEN}{TOKEN}> a-second-one") == f"<{MASK}{MASK}> {MASK}"
    assert redactor.value({"x": [f"Bearer {TOKEN}"]}) == {"x": [f"Bearer {MASK}"]}


def test_short_words_are_not_masked_everywhere_for_being_a_secret_somewhere(redactor: Redactor) -> None:
    redactor.hide("the")
    assert redactor.text("the other") == "the other"


def test_promise_10_a_secret_that_is_part_of_another_leaves_nothing_of_it(redactor: Redactor) -> None:
    redactor.hide("magic-1", "magic-1-and-more")
    assert redactor.text("magic-1-and-more, magic-1") == f"{MASK}, {MASK}"


class Target(BaseModel):
    token: SecretStr


class Options(BaseModel):
    url: SecretStr = SecretStr("smtp://robot:pa%2Fssword@mail.example")
    keys: tuple[SecretStr, ...] = (SecretStr("first-of-keys"), SecretStr("second-of-keys"))
    targets: dict[str, Target] = {"ops": Target(token=SecretStr("deep-token"))}
    none: SecretStr | None = None
    odd: SecretStr = SecretStr("https://[no-url-at-all")
    name: str = "pager"


@pytest.mark.parametrize(
    "secret",
    ["pa/ssword", "pa%2Fssword", "first-of-keys", "second-of-keys", "deep-token", "https://[no-url-at-all"],
)
def test_promise_10_secrets_within_options_are_masked_however_deep(redactor: Redactor, secret: str) -> None:
    redactor.hide_options(Options())
    assert redactor.text(f"said {secret}!") == f"said {MASK}!"
    assert redactor.text("pager") == "pager"


def test_promise_10_secrets_of_options_are_masked_however_many_links_pass_by() -> None:
    redactor = Redactor(most=3)
    redactor.hide_options(Options())
    redactor.hide(*(f"link-number-{number}" for number in range(10)))
    assert redactor.text("first-of-keys link-number-9 link-number-7") == f"{MASK} {MASK} {MASK}"
    assert redactor.text("link-number-0") == "link-number-0"


def test_promise_10_a_traceback_is_masked_and_of_a_long_one_the_end_is_told(redactor: Redactor) -> None:
    redactor.hide(TOKEN)
    try:
        try:
            raise KeyError("owner@acme.example")
        except KeyError as cause:
            raise ValueError("x" * 5000 + f" {TOKEN}") from cause
    except ValueError as error:
        trace = redactor.trace(error)
        short = redactor.trace(error.__cause__ or error)
    assert len(trace) == LONGEST_TRACE
    assert trace.endswith(f"x {MASK}\n")
    assert "o***@acme.example" in short
    assert "test_telemetry.py" in short


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """After each test, logs go where they went before."""
    root = logging.getLogger()
    named = [logging.getLogger(name) for name in ("arq", "httpx", "httpcore", "uvicorn.access")]
    before = [(logger, logger.handlers, logger.level) for logger in (root, *named)]
    yield
    structlog.reset_defaults()
    for logger, handlers, level in before:
        logger.handlers = handlers
        logger.setLevel(level)


def process_of_ours(redactor: Redactor, log_format: str = "json") -> Any:
    """A logger of ours, set up as in a process of ours."""
    configure_logging(log_format, redactor)
    return structlog.get_logger("receiver.test")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was said since, each line a JSON object."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_line_is_a_json_object_with_its_time_and_level(
    redactor: Redactor, capsys: pytest.CaptureFixture[str]
) -> None:
    log = process_of_ours(redactor)
    log.info("accepted", connection="c-1", unknown={"status": ["A\nB"]}, took_ms=1.5)
    log.warning("lone \ud800 surrogate")
    log.debug("not said")
    first, second = lines(capsys)
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "accepted",
        "level": "info",
        "connection": "c-1",
        "unknown": {"status": ["A\nB"]},
        "took_ms": 1.5,
    }
    assert second["level"] == "warning"


def test_each_line_carries_the_ids_of_the_work_at_hand_and_none_later(
    redactor: Redactor, capsys: pytest.CaptureFixture[str]
) -> None:
    log = process_of_ours(redactor)
    with bound_contextvars(message="msg_1"):
        log.info("ours")
        logging.getLogger("httpx").warning("theirs")
    log.info("later")
    assert [line.get("message") for line in lines(capsys)] == ["msg_1", "msg_1", None]


@pytest.mark.anyio
async def test_each_line_of_a_delivery_s_task_names_it_and_no_line_of_another(
    redactor: Redactor, capsys: pytest.CaptureFixture[str]
) -> None:
    log = process_of_ours(redactor)

    async def deliver(handler: str, connection: str, version: int) -> None:
        log_delivery(handler, connection, version)
        await asyncio.sleep(0)
        log.info("ours")
        logging.getLogger("httpx").warning("theirs", extra={"connection": "another"})

    await asyncio.gather(deliver("email", "c-1", 1), deliver("pager", "c-2", 2))
    log.info("later")
    named = [tuple(line.get(name) for name in ("handler", "connection", "version")) for line in lines(capsys)]
    assert named == [
        *(("email", "c-1", 1), ("email", "another", 1)),
        *(("pager", "c-2", 2), ("pager", "another", 2)),
        (None, None, None),
    ]


def test_promise_10_our_own_lines_are_masked(redactor: Redactor, capsys: pytest.CaptureFixture[str]) -> None:
    log = process_of_ours(redactor)
    redactor.hide(TOKEN)
    with bound_contextvars(note=TOKEN):
        log.info(f"for owner@acme.example {TOKEN}", password="x", _token="y", detail=[TOKEN])
    [line] = lines(capsys)
    assert line["event"] == f"for o***@acme.example {MASK}"
    assert [line[name] for name in ("password", "_token", "detail", "note")] == [MASK, MASK, [MASK], MASK]


def test_promise_10_the_lines_of_libraries_are_masked(
    redactor: Redactor, capsys: pytest.CaptureFixture[str]
) -> None:
    process_of_ours(redactor)
    redactor.hide(TOKEN)
    library = logging.getLogger("some.library")
    library.info("GET %s for %s", "https://x.example/?token=abc", "owner@acme.example")
    library.warning("told %(what)s", {"what": TOKEN}, extra={"api_key": "k", "more": {"username": "pat"}})
    first, second = lines(capsys)
    assert first["event"] == f"GET https://x.example/?token={MASK} for o***@acme.example"
    assert second["event"] == f"told {MASK}"
    assert (second["api_key"], second["more"]) == (MASK, {"username": MASK})


@pytest.mark.parametrize("whose", ["receiver.test", "uvicorn.error"])
def test_promise_10_exceptions_are_told_with_their_traceback_and_masked(
    redactor: Redactor, capsys: pytest.CaptureFixture[str], whose: str
) -> None:
    log = process_of_ours(redactor)
    redactor.hide(TOKEN)
    logger = log if whose == "receiver.test" else logging.getLogger(whose)
    try:
        raise ValueError(f"{TOKEN} of owner@acme.example")
    except ValueError:
        logger.exception("failed")
    [line] = lines(capsys)
    assert (line["event"], line["level"]) == ("failed", "error")
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith(f"ValueError: {MASK} of o***@acme.example")


def test_what_libraries_say_of_each_request_and_job_is_left_out(
    redactor: Redactor, capsys: pytest.CaptureFixture[str]
) -> None:
    process_of_ours(redactor)
    for name in ("httpx", "httpcore.connection", "arq.worker", "uvicorn.access"):
        logging.getLogger(name).info("chatter")
    logging.getLogger("uvicorn.error").info("started", extra={"color_message": "\x1b[1mstarted"})
    [line] = lines(capsys)
    assert line["event"] == "started"
    assert "color_message" not in line


def test_in_text_format_too_lines_are_masked(redactor: Redactor, capsys: pytest.CaptureFixture[str]) -> None:
    redactor.hide(TOKEN)
    process_of_ours(redactor, "text").warning(
        "failed", reason=f"{TOKEN} of owner@acme.example", password="x-y-z"
    )
    said = capsys.readouterr().out
    assert "failed" in said
    assert f"{MASK} of o***@acme.example" in said
    assert "x-y-z" not in said


def test_milliseconds_since_a_mark_are_counted_from_its_time_and_never_below_zero() -> None:
    assert milliseconds_since("") is None
    assert milliseconds_since("99999999999999-0") == 0
    assert (milliseconds_since("1000-5") or 0) > 10**12


def test_promise_10_of_a_secret_url_only_who_is_called_is_told() -> None:
    """The address of a webhook is often all that it takes to post there."""
    redactor = Redactor()
    redactor.hide(SecretStr("https://hooks.example.com/services/T000/B000/XXXX"))
    said = redactor.text("POST https://hooks.example.com/services/T000/B000/XXXX")
    assert said == "POST https://hooks.example.com/[redacted]"
