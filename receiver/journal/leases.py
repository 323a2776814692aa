"""Keeps the leases of all work in hand, from a thread of its own.

A handler that blocks the event loop, as a plugin with a synchronous client does, must not lose its lease for
that: another worker would run the same delivery beside it. A lease is not kept beyond its work's own time
limit, so a process that hangs for ever loses what it holds.
"""

import logging
import threading
import time
from importlib.resources import files

from redis import Redis
from redis.exceptions import RedisError

from receiver.journal.worklist import LEASE, Claim
from receiver.queue import RING, connection

MARGIN = 5.0
"""Seconds beyond its time limit in which work may still be settled."""

log = logging.getLogger(__name__)


Held = tuple[str, str]
"""Work and token."""


class Hold:
    """Keeps one lease. (`contextlib.contextmanager` takes three times as long.)"""

    __slots__ = ("_among", "_held", "_until")

    def __init__(self, among: dict[Held, float], claim: Claim, until: float) -> None:
        self._among = among
        self._held = (claim.work, claim.token)
        self._until = until

    def __enter__(self) -> None:
        self._among[self._held] = self._until

    def __exit__(self, *_: object) -> None:
        self._among.pop(self._held, None)


class Leases:
    """`with leases.hold(claim, seconds):` keeps the claim while the block runs, at most that long."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, decode_responses=True, **connection(redis_url))
        script = RING + (files(__package__) / "scripts" / "renew.lua").read_text()
        self._renew = self._redis.register_script(script)
        self._held: dict[Held, float] = {}
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

    def hold(self, claim: Claim, seconds: float) -> "Hold":
        """Keep a lease while the block runs."""
        return Hold(self._held, claim, time.monotonic() + seconds + MARGIN)

    def extend(self, claim: Claim, seconds: float) -> None:
        """Keep a lease that is held so much longer, if need be; one that is not held any more stays so."""
        held = (claim.work, claim.token)
        if (until := self._held.get(held)) is not None:
            self._held[held] = until + seconds

    def _keep(self) -> None:
        while not self._stopping.wait(LEASE / 4):
            now = time.monotonic()
            kept = [work for work, until in self._held.copy().items() if until > now]
            held = [part for work in kept for part in work]
            if not held:
                continue
            try:
                self._renew(args=[int(LEASE * 1000), *held])
            except RedisError as error:
                log.warning("leases could not be renewed: %s", type(error).__name__)
