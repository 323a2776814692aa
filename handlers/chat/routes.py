"""Which status is told where: pure."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from receiver.api import Status

PlaceT = TypeVar("PlaceT")

GROUPS: Mapping[str, Callable[[Status], bool]] = MappingProxyType(
    {
        "needs_owner": lambda status: status.needs_owner,
        "needs_operator": lambda status: status.needs_operator,
        "unknown": lambda status: bool(status) and not status.known,
        "healthy": lambda status: status.healthy,
    }
)
"""What may stand in CHAT_ROUTES beside the names of statuses. No status is in two of them."""
ENDS = ("healthy", str(Status.CONNECTED))
"""What stands there for the end of trouble."""


def places_of(
    status: Status, routes: Mapping[str, Sequence[PlaceT]], usual: Sequence[PlaceT]
) -> Sequence[PlaceT]:
    """Where a status is told: by its own name, else by its group, else the usual places.

    Of the usual ones only what needs the owner or the operator is told.
    """
    if (named := routes.get(str(status))) is not None:
        return named
    for group, belongs in GROUPS.items():
        if group in routes and belongs(status):
            return routes[group]
    return usual if status.needs_owner or status.needs_operator else ()
