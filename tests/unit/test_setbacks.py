"""What becomes of work that did not end well."""

import asyncio

import httpx
import pytest

from receiver.dispatch import setbacks
from receiver.nectar import NectarError, NotFound, NotUnderstood, RefusedKey, Throttled, Unavailable
from receiver.policy import MAX_ATTEMPTS

TRACE = "Traceback ..."


def status_error(status: int, **headers: str) -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "https://tool.example/x")
    return httpx.HTTPStatusError("", request=request, response=httpx.Response(status, headers=headers))


@pytest.mark.parametrize("error", [RefusedKey("401"), Throttled(None)])
def test_promise_8_a_fetch_that_nectar_refuses_is_parked(error: NectarError) -> None:
    setback = setbacks.of_fetch(error, 1)
    assert (setback.reaction, setback.asked, setback.delay) == ("park", False, 0)


def test_promise_8_a_fetch_that_nectar_puts_off_waits_as_long_as_it_says() -> None:
    setback = setbacks.of_fetch(Throttled(17), 1)
    assert (setback.reaction, setback.asked, setback.delay) == ("park", True, 17)


def test_a_fetch_that_nectar_does_not_answer_counts_towards_the_breaker() -> None:
    setback = setbacks.of_fetch(Unavailable("500"), 3)
    assert (setback.reaction, setback.down, setback.asked, setback.most) == (
        "retry",
        True,
        False,
        MAX_ATTEMPTS,
    )
    assert 4 <= setback.delay <= 8


@pytest.mark.parametrize(
    ("error", "most"),
    [
        (NotFound("404"), setbacks.MOST_WHEN_NOT_FOUND),
        (NotUnderstood("html"), setbacks.MOST_WHEN_NOT_UNDERSTOOD),
    ],
)
def test_a_fetch_that_is_answered_with_something_else_is_this_connection_s_matter(
    error: NectarError, most: int
) -> None:
    setback = setbacks.of_fetch(error, 1)
    assert (setback.reaction, setback.down, setback.most) == ("retry", False, most)


@pytest.mark.parametrize("error", [status_error(401), status_error(403), PermissionError("no")])
def test_promise_8_a_target_that_refuses_us_parks_the_delivery(error: Exception) -> None:
    setback = setbacks.of_handler(error, 1, TRACE)
    assert (setback.reaction, setback.trace) == ("park", TRACE)


@pytest.mark.parametrize(
    "error",
    [status_error(500), status_error(429), httpx.ReadTimeout(""), ConnectionError("no"), TimeoutError()],
)
def test_promise_8_a_target_that_is_down_counts_towards_the_breaker(error: Exception) -> None:
    setback = setbacks.of_handler(error, 1, TRACE)
    assert (setback.reaction, setback.down, setback.asked) == ("retry", True, False)


def test_a_target_s_wait_is_kept() -> None:
    setback = setbacks.of_handler(status_error(429, **{"retry-after": "90"}), 9, TRACE)
    assert (setback.reaction, setback.asked, setback.delay) == ("retry", True, 90)


def test_a_target_may_ask_for_no_wait_at_all() -> None:
    setback = setbacks.of_handler(status_error(503, **{"retry-after": "0"}), 9, TRACE)
    assert (setback.asked, setback.delay) == (True, 0)


def test_what_a_target_will_never_take_is_rejected() -> None:
    assert setbacks.of_handler(status_error(422), 1, TRACE).reaction == "reject"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), asyncio.CancelledError()])
def test_any_other_failure_is_the_handler_s_own_and_is_tried_again(error: BaseException) -> None:
    setback = setbacks.of_handler(error, 1, TRACE)
    assert (setback.reaction, setback.down, setback.most, setback.trace) == (
        "retry",
        False,
        MAX_ATTEMPTS,
        TRACE,
    )


def test_a_handler_that_takes_too_long_is_tried_again() -> None:
    setback = setbacks.of_timeout(0.5, 1)
    assert (setback.reaction, setback.down, setback.reason) == ("retry", False, "took longer than its 0.5 s")


@pytest.mark.parametrize("error", [RefusedKey("401"), Throttled(5), Unavailable("500")])
def test_promise_8_a_link_that_nectar_does_not_give_parks_the_delivery(error: NectarError) -> None:
    setback = setbacks.of_handler(error, 1, TRACE)
    assert setback.reaction == "park"
    assert (setback.asked, setback.delay) == (isinstance(error, Throttled), 5 if setback.asked else 0)


@pytest.mark.parametrize("error", [NotFound("404"), NotUnderstood("html")])
def test_a_link_to_what_is_not_there_is_a_failure_of_this_delivery(error: NectarError) -> None:
    setback = setbacks.of_handler(error, 1, TRACE)
    assert (setback.reaction, setback.down) == ("retry", False)
