"""What a transport raises when a mail is not taken, beside what the router knows already.

`PermissionError`: the other side does not let us in at all. `ConnectionError`, `TimeoutError` and httpx
errors: it is in trouble.
"""


class DeferredError(Exception):
    """The other side is well but does not take this one mail now (greylisting, a full mailbox)."""


class RefusedError(Exception):
    """The other side will never take this mail."""
