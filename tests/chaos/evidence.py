"""What there is to judge by when a run is over, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from receiver.simulator.traffic import Request
from tests.chaos.load import Sent
from tests.chaos.processes import Death
from tests.chaos.timeline import Interval

HANDLERS = ("effects", "troubled")


@dataclass(frozen=True)
class Recorded:
    """An event in the journal."""

    mark: str
    message: str
    connection: str


@dataclass(frozen=True)
class Settled:
    """A fetch in the journal's list of attempts that succeeded."""

    at: float
    """Seconds since the epoch."""
    connection: str
    mark: str
    """The newest event that it is said to cover."""


@dataclass(frozen=True)
class Kept:
    """A connection in the journal."""

    wanted: str
    covered: str
    version: int


@dataclass(frozen=True)
class Line:
    """A line of the ledger."""

    kind: str
    handler: str
    connection: str
    version: int
    status: str
    serial: int
    attempt: int
    key: str
    pid: int
    at: float
    wall: float
    events: tuple[str, ...] = ()
    step: str = ""
    how: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """Whose delivery it is."""
        return self.handler, self.connection


@dataclass(frozen=True)
class Overdue:
    """Work that was due and that nobody had begun."""

    work: str
    since: float
    """By the monotonic clock, as `seen`."""
    seen: float


@dataclass
class Evidence:
    """All of it. Each part can be made up, which is how the audit is tested."""

    sent: Sequence[Sent] = ()
    intruding: Sequence[Sent] = ()
    events: Sequence[Recorded] = ()
    fetches: Sequence[Settled] = ()
    requests: Sequence[Request] = ()
    connections: Mapping[str, Kept] = field(default_factory=dict)
    handled: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """The version that each handler last succeeded with, by handler and connection."""
    dead: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By work: the marks after which and up to which events are concerned."""
    quarantined: Sequence[str] = ()
    ledger: Sequence[Line] = ()
    deaths: Sequence[Death] = ()
    outages: Sequence[Interval] = ()
    overdue: Sequence[Overdue] = ()
    leaks: Sequence[str] = ()
    """Lines of the logs that hold a secret, or what is personal."""
    replies_lost: int = 0
    rejected: Sequence[str] = ()
    """Connections whose deliveries one handler refuses for good."""
