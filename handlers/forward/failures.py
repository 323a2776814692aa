"""Which of several targets' failures is the one that the router hears of: pure."""

from collections.abc import Sequence

import httpx

OF_TARGET = (httpx.HTTPStatusError, httpx.TransportError, OSError)
"""A target's fault, or that of the way to it. OSErrors are PermissionError, ConnectionError, TimeoutError."""


def decisive(failures: Sequence[BaseException]) -> BaseException:
    """The failure that leaves nothing undone: what is no target's fault at all; then what waiting may mend,
    first with a Retry-After; then what somebody must allow; and only then what will never be taken.
    """
    return max(failures, key=_urgency)


def _urgency(error: BaseException) -> int:
    if not isinstance(error, OF_TARGET):
        return 4
    if isinstance(error, PermissionError):
        return 1
    if not isinstance(error, httpx.HTTPStatusError):
        return 2
    return _urgency_of_answer(error.response)


def _urgency_of_answer(response: httpx.Response) -> int:
    code, asks_to_wait = response.status_code, "retry-after" in response.headers
    if code in (408, 425, 429) or code >= 500 or (code == 403 and asks_to_wait):
        return 3 if asks_to_wait else 2
    return 1 if code in (401, 403) else 0
