"""What follows from a failure: pure functions over exceptions, headers and numbers."""

import random
import time
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx

from receiver.describing import describe

MAX_ATTEMPTS = 10
FIRST_DELAY = 2.0
LONGEST_DELAY = 15 * 60.0
LONGEST_RETRY_AFTER = 24 * 3600.0

UNREACHABLE = (httpx.TransportError, ConnectionError, TimeoutError)
OUR_OWN_FAULT = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)
"""Transport errors that say nothing about the target: a header or URL that could not be sent at all."""


class Reaction(StrEnum):
    """What to do about a failed attempt."""

    RETRY = "retry"
    PARK = "park"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt, judged."""

    reaction: Reaction
    reason: str
    after: float | None = None
    """Seconds that the other side asked us to wait."""
    target_down: bool = False
    """The other side is in trouble, not this piece of work: counts towards the breaker."""


def judge(error: BaseException) -> Failure:
    """What follows from an exception that a handler let out.

    Of a group, as a task group raises, what follows from the one that stands most in the way.
    """
    if isinstance(error, BaseExceptionGroup):
        failures = [judge(inner) for inner in error.exceptions]
        order = [Reaction.PARK, Reaction.RETRY, Reaction.REJECT]
        return min(failures, key=lambda failure: (order.index(failure.reaction), -(failure.after or 0.0)))
    if isinstance(error, httpx.HTTPStatusError):
        return _judge_response(error.request, error.response)
    reason = describe(error)
    if isinstance(error, PermissionError):
        return Failure(Reaction.PARK, reason)
    down = isinstance(error, UNREACHABLE) and not isinstance(error, OUR_OWN_FAULT)
    return Failure(Reaction.RETRY, reason, target_down=down)


def _judge_response(request: httpx.Request, response: httpx.Response) -> Failure:
    code = response.status_code
    reason = f"{request.method} {request.url.host} answered {code}"
    # 403 with Retry-After is a rate limit (GitHub's secondary one); 401 is our credentials in any case.
    if code == 401 or (code == 403 and "retry-after" not in response.headers):
        return Failure(Reaction.PARK, reason)
    if code in (403, 408, 425, 429) or code >= 500:
        after = retry_after(response.headers.get("retry-after"), time.time())
        return Failure(Reaction.RETRY, reason, after, target_down=True)
    return Failure(Reaction.REJECT, reason)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After header, in either of its forms (RFC 9110, 10.2.3); None: it says none.

    At most a day, so that a mistaken clock over there cannot put work off for ever.
    """
    if not value:
        return None
    if value.strip().isdecimal():
        seconds = float(value)
    else:
        try:
            moment = parsedate_to_datetime(value)
            # The old asctime form bears no zone and means UTC, not the zone that this machine is in.
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER)


def backoff(attempt: int) -> float:
    """Seconds before the attempt that follows `attempt`: doubling, capped, with jitter of half."""
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempt - 1, 30))
    return delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
