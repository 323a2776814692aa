"""The handler contract: all that a handler needs, and the only module of the receiver that it imports.

A handler is level-triggered: it is shown how a connection stands now and brings the other system to that
state, whatever it missed in between. It says how that went with an `Outcome`, or raises:

- an httpx error for 429, 5xx, a time-out or a broken connection: tried again, `Retry-After` honoured;
- one for 401 or 403, or `PermissionError`: the target refuses us, so the handler is parked until it does not;
- one for another 4xx: rejected, a person must look;
- `ConnectionError` or `TimeoutError`: the target is down, tried again;
- anything else: tried again with backoff until the attempts are used up, then kept as a dead letter.

What `__all__` names is frozen: it changes with a deprecation and a line in CHANGELOG.md. The other names are
the types that it speaks of.
"""

from receiver.api.change import Change
from receiver.api.change import Event as Event
from receiver.api.context import CompanyListing as CompanyListing
from receiver.api.context import Context
from receiver.api.context import Rehearsal as Rehearsal
from receiver.api.context import Steps as Steps
from receiver.api.handlers import Handler, handler
from receiver.api.handlers import NoOptions as NoOptions
from receiver.api.handlers import Schedule as Schedule
from receiver.api.outcomes import Done, Outcome, Rejected, RetryLater, Skipped
from receiver.schema import Connection, Status

__all__ = [
    "Change",
    "Connection",
    "Context",
    "Done",
    "Handler",
    "Outcome",
    "Rejected",
    "RetryLater",
    "Skipped",
    "Status",
    "handler",
]
