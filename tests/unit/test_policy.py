"""What follows from a failure."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.describing import LONGEST_TEXT, describe
from receiver.policy import (
    FIRST_DELAY,
    LONGEST_DELAY,
    LONGEST_RETRY_AFTER,
    MAX_ATTEMPTS,
    Failure,
    Reaction,
    backoff,
    judge,
    retry_after,
)

REQUEST = httpx.Request("POST", "https://user:hush@tickets.example/new?token=hush")
NOW = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()
DAY = 24 * 3600.0


def answered(code: int, headers: dict[str, str] | None = None) -> Failure:
    """The judgement on a handler that let `raise_for_status` have its way."""
    with pytest.raises(httpx.HTTPStatusError) as error:
        httpx.Response(code, headers=headers, request=REQUEST).raise_for_status()
    return judge(error.value)


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 507, 520, 599])
def test_a_target_in_trouble_is_tried_again(code: int) -> None:
    expected = Failure(Reaction.RETRY, f"POST tickets.example answered {code}", target_down=True)
    assert answered(code) == expected


@pytest.mark.parametrize("code", [401, 403])
def test_a_target_that_refuses_our_credentials_parks_the_handler(code: int) -> None:
    assert answered(code) == Failure(Reaction.PARK, f"POST tickets.example answered {code}")


@pytest.mark.parametrize("code", [301, 302, 307, 400, 402, 404, 405, 409, 410, 413, 422, 451, 499])
def test_any_other_refusal_is_final(code: int) -> None:
    assert answered(code) == Failure(Reaction.REJECT, f"POST tickets.example answered {code}")


@pytest.mark.parametrize("code", [403, 429, 500, 503])
def test_a_target_that_says_when_to_come_again_is_heeded(code: int) -> None:
    """403 too: that is how GitHub answers who asks too often."""
    failure = answered(code, {"Retry-After": "17"})
    assert (failure.reaction, failure.after, failure.target_down) == (Reaction.RETRY, 17, True)


def test_bad_credentials_park_whatever_else_the_answer_says() -> None:
    assert answered(401, {"Retry-After": "17"}).reaction is Reaction.PARK


def test_a_refusal_does_not_become_a_retry_by_a_header() -> None:
    assert answered(404, {"Retry-After": "17"}).reaction is Reaction.REJECT


def test_an_answer_that_was_made_without_its_request_is_judged_too() -> None:
    error = httpx.HTTPStatusError("no", request=REQUEST, response=httpx.Response(500))
    assert judge(error).reason == "POST tickets.example answered 500"


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.PoolTimeout("busy"),
        httpx.ReadError("reset"),
        httpx.CloseError("reset"),
        httpx.RemoteProtocolError("gibberish"),
        httpx.ProxyError("refused"),
        TimeoutError(),
        ConnectionError("the mail server is away"),
        ConnectionResetError(),
        BrokenPipeError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_target_that_cannot_be_reached_is_tried_again(error: Exception) -> None:
    assert judge(error) == Failure(Reaction.RETRY, describe(error), target_down=True)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bug"),
        KeyError("id"),
        OSError("disk full"),
        httpx.TooManyRedirects("round and round"),
        httpx.DecodingError("no gzip"),
        httpx.InvalidURL("no url"),
        httpx.LocalProtocolError("a header with a line's end"),
        httpx.UnsupportedProtocol("ftp"),
        Exception(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_other_exception_is_tried_again_and_says_nothing_about_the_target(error: Exception) -> None:
    """Else one connection that always fails would open the breaker for all."""
    assert judge(error) == Failure(Reaction.RETRY, describe(error))


def test_a_permission_error_parks_the_handler() -> None:
    """How a handler that does not speak HTTP says that its credentials are refused."""
    assert judge(PermissionError("535 bad login")) == Failure(Reaction.PARK, "PermissionError: 535 bad login")


@pytest.mark.parametrize("code", [400, 401, 500])
def test_the_reason_shows_neither_credentials_nor_query_of_the_url(code: int) -> None:
    assert "hush" not in answered(code).reason


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        (" 17 ", 17),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
        ("Sun Nov  6 08:50:37 1994", 60),
        ("Sun, 06 Nov 1994 09:50:37 +0100", 60),
        ("Sun, 06 Nov 1994 08:49:36 GMT", 0),
        ("Mon, 01 Jan 1900 00:00:00 GMT", 0),
        ("86401", DAY),
        ("9" * 5000, DAY),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
    ],
)
def test_retry_after_is_read_in_every_form_and_between_now_and_a_day(value: str, seconds: float) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " ", "soon", "-5", "+5", "1.5", "1e3", "nan", "inf", "17 s", "²", "0 0 0 0 0"),
        "2024-05-01T00:00:00Z",
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
        f"1 Jan {'9' * 30} 0:0:0 GMT",
    ],
)
def test_nonsense_in_retry_after_says_nothing(value: str | None) -> None:
    assert retry_after(value, NOW) is None


@pytest.mark.usefixtures("in_any_zone")
def test_a_date_without_a_zone_is_not_of_the_zone_we_run_in() -> None:
    assert retry_after("Sun Nov  6 08:50:37 1994", NOW) == 60


@given(value=st.text() | st.from_regex(r"\A[0-9a-zA-Z ,:+-]{0,60}\Z"))
def test_no_retry_after_breaks_the_reader(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


def test_a_date_in_an_answer_is_read_by_our_clock() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    after = answered(503, {"Retry-After": moment}).after
    assert after is not None
    assert 0 < after <= 3600


@pytest.mark.parametrize("attempt", range(1, MAX_ATTEMPTS + 1))
def test_backoff_doubles_and_is_capped_with_jitter_of_half(attempt: int) -> None:
    full = min(FIRST_DELAY * 2 ** (attempt - 1), LONGEST_DELAY)
    delays = [backoff(attempt) for _ in range(500)]
    assert full / 2 <= min(delays) < full * 0.6
    assert full * 0.9 < max(delays) <= full


@pytest.mark.parametrize("attempt", [30, 1000, 10**9])
def test_backoff_never_outgrows_its_cap(attempt: int) -> None:
    assert LONGEST_DELAY / 2 <= backoff(attempt) <= LONGEST_DELAY


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such ticket"), "ValueError: no such ticket"),
        (ValueError("two\nlines\r\n and\ta  half\u2028"), "ValueError: two lines and a half"),
        (ValueError(), "ValueError"),
        (ValueError("\n"), "ValueError"),
        (KeyError("id"), "KeyError: 'id'"),
    ],
)
def test_an_error_is_described_in_one_line(error: Exception, text: str) -> None:
    assert describe(error) == text


def test_a_whole_page_in_an_error_is_cut() -> None:
    assert len(describe(ValueError("<p>" * 10**6))) == len("ValueError: ") + LONGEST_TEXT


@pytest.mark.parametrize(
    ("codes", "reaction", "after"),
    [
        ((500, 401), Reaction.PARK, None),
        ((404, 429), Reaction.RETRY, 30),
        ((404, 422), Reaction.REJECT, None),
    ],
)
def test_of_a_group_of_errors_the_one_that_stands_most_in_the_way_decides(
    codes: tuple[int, ...], reaction: Reaction, after: float | None
) -> None:
    """A handler that asks its target for two things at once is judged as one that asks in turn."""
    request = httpx.Request("POST", "https://pager.example.com")
    errors = [
        httpx.HTTPStatusError(
            "no",
            request=request,
            response=httpx.Response(
                code, headers={"Retry-After": "30"} if code == 429 else {}, request=request
            ),
        )
        for code in codes
    ]
    failure = judge(ExceptionGroup("both", [errors[0], ExceptionGroup("inner", errors[1:])]))
    assert (failure.reaction, failure.after) == (reaction, after)
