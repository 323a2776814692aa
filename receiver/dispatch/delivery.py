"""One attempt at showing a connection to a handler, as a value."""

import time
from hashlib import blake2b
from typing import NamedTuple

from pydantic import JsonValue

from receiver.api import Change, Event, Status
from receiver.diff import changed_fields
from receiver.dispatch.snapshots import read_snapshot
from receiver.journal import Claim, Pending, Subject
from receiver.registry import Enabled
from receiver.rehearsal import Effect


class Delivery(NamedTuple):
    """One attempt."""

    claim: Claim
    pending: Pending
    enabled: Enabled
    change: Change
    memory: dict[str, JsonValue]
    began: float
    effects: list[Effect]
    """In shadow mode: what it would have done so far."""

    @property
    def idempotency_key(self) -> str:
        """The same for each attempt at a version, another once versions have begun anew."""
        version, fetched = self.pending.version, self.pending.fetched
        return blake2b(f"{self.claim.work}:{version}:{fetched}".encode(), digest_size=20).hexdigest()

    @property
    def took(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self.began


def prepare(claim: Claim, pending: Pending, enabled: Enabled) -> Delivery:
    """What is to be delivered. Raises ValueError when what is kept does not fit this release's schema."""
    connection = read_snapshot(pending.snapshot)
    known = pending.handled_status
    change = Change(
        connection=connection,
        previous_status=None if known is None else Status(known),
        changed=changed_fields(None, connection) if pending.changed is None else pending.changed,
        events=tuple([Event(*event) for event in pending.events]),
        version=pending.version,
    )
    return Delivery(claim, pending, enabled, change, pending.memory, time.monotonic(), [])


def subject(claim: Claim, pending: Pending, took: float) -> Subject:
    """What the attempt was about, for the record."""
    return Subject(
        version=pending.version,
        since=pending.handled_mark,
        upto=pending.mark,
        took=took,
        counter=f"delivery:{claim.breaker}",
    )
