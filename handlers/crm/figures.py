"""How a company stands, from the list of its connections: pure functions, without a CRM."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from receiver.api import Connection, Status

WORST_FIRST = (
    # Only the customer can mend these: what whoever looks at the company should know first.
    Status.PASSWORD_INCORRECT,
    Status.NEW_PASSWORD_NEEDED,
    Status.MFA_TOKEN_EXPIRED,
    Status.ADDITIONAL_CREDENTIALS_NEEDED,
    # Whoever runs the account with Nectar.
    Status.COMPANY_INACTIVE,
    Status.URL_INACCESSIBLE,
    Status.NO_ACCOUNTS_FOUND,
    Status.OTHER_ERROR,
    # Nobody: wait.
    Status.WEBSITE_DOWN,
    Status.UNDER_INVESTIGATION,
    Status.PENDING,
    Status.CONNECTED,
)
"""A status that Nectar added since comes before CONNECTED and after all others."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How some connections stand. Equal when they say the same, whenever that was last checked."""

    total: int = 0
    connected: int = 0
    needing_action: int = 0
    """The owner or the operator must act."""
    worst: Status | None = None
    """None: there are no connections."""
    since: datetime | None = None
    """Since when the first of those with the worst status has had it."""
    checked: datetime | None = field(default=None, compare=False)
    """When Nectar last looked at any of them."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A company as the CRM knows it."""

    key: str
    """What its record is found by."""
    id: UUID
    """Nectar's."""
    name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a company stands, and each owner within it."""

    customer: Customer
    figures: Figures
    owners: Mapping[str, Figures]
    """By address, in lower case. Of the connections to this company alone."""


def standing(customer: Customer, connections: Iterable[Connection], former: Iterable[str] = ()) -> Standing:
    """How a company stands. `former`: owners who are to be named even if they own nothing of it any more."""
    owned: dict[str, list[Connection]] = defaultdict(list)
    for address in former:
        owned[address] = []
    listed = list(connections)
    for connection in listed:
        if (owner := owner_of(connection)) is not None:
            owned[owner].append(connection)
    return Standing(customer, figures(listed), {owner: figures(owned[owner]) for owner in sorted(owned)})


def figures(connections: Iterable[Connection]) -> Figures:
    """How these stand."""
    listed = list(connections)
    worst = min((connection.status for connection in listed), key=_rank, default=None)
    since = [each.status_first_seen_time for each in listed if each.status == worst]
    checked = [each.status_last_update_time for each in listed]
    return Figures(
        total=len(listed),
        connected=sum(each.status.healthy for each in listed),
        needing_action=sum(each.status.needs_owner or each.status.needs_operator for each in listed),
        worst=worst,
        since=min((moment for moment in since if moment), default=None),
        checked=max((moment for moment in checked if moment), default=None),
    )


def owner_of(connection: Connection) -> str | None:
    """The owner's address as CRMs compare it."""
    return (connection.workflow_owner_email or "").strip().lower() or None


def _rank(status: Status) -> tuple[float, str]:
    last = len(WORST_FIRST) - 1
    return (WORST_FIRST.index(status) if status in WORST_FIRST else last - 0.5), status
