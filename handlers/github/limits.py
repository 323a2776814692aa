"""When GitHub wants to be left alone for a while: a pure function over its answer.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
It says so with 403 or 429. `Retry-After` may be there; if not, the moment at which a used-up quota is
renewed; if not that either, one is to wait a minute at least.
"""

from collections.abc import Mapping
from http import HTTPStatus

SHORTEST = 60.0
WORDS = ("secondary rate limit", "rate limit exceeded", "abuse detection")


def seconds_to_wait(code: int, headers: Mapping[str, str], body: str, now: float) -> str | None:
    """What `Retry-After` should say; None when this is no limit. `headers`: names in lower case."""
    if code not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        return None
    if told := headers.get("retry-after"):
        return told
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return str(max(1, round(float(reset) - now) + 1))
    if code == HTTPStatus.TOO_MANY_REQUESTS or any(word in body.lower() for word in WORDS):
        return str(round(SHORTEST))
    return None
