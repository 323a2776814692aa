"""Keeps the leases of all work in hand, from a thread of its own.

A handler that blocks the event loop, as a plugin with a synchronous client does, must not lose its lease for
that: another worker would run the same delivery beside it. A lease is not kept beyond its work's own time
limit, so a process that hangs for ever loses what it holds.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from redis import Redis
from redis.exceptions import RedisError

from receiver.journal.worklist import LEASE, Claim
from receiver.queue import RING, connection

MARGIN = 5.0
"""Seconds beyond its time limit in which work may still be settled."""

log = logging.getLogger(__name__)


class Leases:
    """`with leases.hold(claim, seconds):` keeps the claim while the block runs, at most that long."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, decode_responses=True, **connection(redis_url))
        script = RING + (files(__package__) / "scripts" / "renew.lua").read_text()
        self._renew = self._redis.register_script(script)
        self._held: dict[Claim, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)

    def start(self) -> None:
        """Start keeping."""
        self._thread.start()

    def stop(self) -> None:
        """Stop keeping; what is still held runs out."""
        self._stopping.set()
        self._thread.join(LEASE)
        self._redis.close()

    def too_late(self, claim: Claim) -> bool:
        """Whether the lease may end before it is kept: a handler may have blocked the process since.

        Work that is not begun then is rung for again.
        """
        return time.monotonic() > claim.asked + LEASE / 2

    @contextmanager
    def hold(self, claim: Claim, seconds: float) -> Iterator[None]:
        """Keep a lease while the block runs."""
        self._held[claim] = time.monotonic() + seconds + MARGIN
        try:
            yield
        finally:
            self._held.pop(claim, None)

    def extend(self, claim: Claim, seconds: float) -> None:
        """Keep a lease that is held so much longer, if need be; one that is not held any more stays so."""
        if (until := self._held.get(claim)) is not None:
            self._held[claim] = until + seconds

    def _keep(self) -> None:
        while not self._stopping.wait(LEASE / 4):
            now = time.monotonic()
            claims = [claim for claim, until in self._held.copy().items() if until > now]
            held = [part for claim in claims for part in (claim.work, claim.token)]
            if not held:
                continue
            try:
                self._renew(args=[int(LEASE * 1000), *held])
            except RedisError as error:
                log.warning("leases could not be renewed: %s", type(error).__name__)
