"""What becomes of work that did not end well: pure functions from errors to setbacks."""

from receiver.api import Done, Outcome, Rejected, RetryLater, Skipped
from receiver.describing import describe
from receiver.journal import Setback
from receiver.nectar import NectarError, NotFound, NotUnderstood, RefusedKey, Throttled
from receiver.policy import MAX_ATTEMPTS, Reaction, backoff, judge

MOST_DEATHS = 10
"""Processes that may die over one piece of work before it is taken for the cause."""
MOST_WHEN_NOT_FOUND = 8
"""Attempts at a connection that Nectar does not know (yet): with backoff some minutes."""
MOST_WHEN_NOT_UNDERSTOOD = 5
SOONEST_LATER, LONGEST_LATER = 1.0, 365 * 24 * 3600.0
"""Seconds. Each time costs a fetch: a handler that asks for none in between must not keep Nectar busy."""


def of_outcome(outcome: Outcome) -> Setback | None:
    """What becomes of a delivery by what its handler answered; None: it ended well."""
    match outcome:
        case Done() | Skipped():
            return None
        case RetryLater(reason=reason):
            seconds = min(max(outcome.seconds, SOONEST_LATER), LONGEST_LATER)
            return Setback("later", str(reason or "asked to be shown it again later"), seconds)
        case Rejected(reason=reason):
            return Setback("reject", str(reason))
    kind = type(outcome).__name__
    return Setback("reject", f"returned {kind}: a handler returns Done, Skipped, RetryLater or Rejected")


def of_fetch(error: NectarError, attempt: int) -> Setback:
    """What becomes of a fetch that Nectar did not answer with a connection."""
    reason = describe(error)
    if isinstance(error, RefusedKey):
        return Setback("park", reason)
    if isinstance(error, Throttled):
        return Setback("park", reason, delay=error.after or 0.0, asked=error.after is not None)
    most = MAX_ATTEMPTS
    if isinstance(error, NotFound):
        most = MOST_WHEN_NOT_FOUND
    if isinstance(error, NotUnderstood):
        most = MOST_WHEN_NOT_UNDERSTOOD
    down = not isinstance(error, NotFound | NotUnderstood)
    return Setback("retry", reason, delay=backoff(attempt), down=down, most=most)


def of_handler(error: BaseException, attempt: int, trace: str) -> Setback:
    """What becomes of a delivery whose handler let an exception out."""
    if isinstance(error, NectarError):
        return _of_link(error, attempt, trace)
    failure = judge(error)
    if failure.reaction is not Reaction.RETRY:
        return Setback(failure.reaction.value, failure.reason, trace=trace)
    asked = failure.after is not None
    delay = failure.after if failure.after is not None else backoff(attempt)
    return Setback(
        "retry", failure.reason, delay, asked=asked, down=failure.target_down, most=MAX_ATTEMPTS, trace=trace
    )


def _of_link(error: NectarError, attempt: int, trace: str) -> Setback:
    """Nectar is in trouble, not the handler's target: deliveries wait for it and use up no attempts."""
    if isinstance(error, NotFound | NotUnderstood):
        return Setback("retry", describe(error), backoff(attempt), most=MAX_ATTEMPTS, trace=trace)
    after = error.after if isinstance(error, Throttled) else None
    return Setback("park", describe(error), after or 0.0, asked=after is not None, trace=trace)


def of_timeout(seconds: float, attempt: int) -> Setback:
    """The handler took longer than it may."""
    return Setback(
        "retry", f"took longer than its {seconds:g} s", backoff(attempt), most=MAX_ATTEMPTS, down=False
    )


def of_bug(error: BaseException, attempt: int, trace: str) -> Setback:
    """Something of ours failed; tried again, since a new release may mend it."""
    return Setback("retry", describe(error), backoff(attempt), most=MAX_ATTEMPTS, trace=trace)


DIED = Setback("reject", f"{MOST_DEATHS} processes died over it; the last one without a trace")
RELEASED = Setback("release", "the worker was stopped")
