"""How the journal is doing: for readiness, metrics and those who ask."""

from dataclasses import dataclass, field

from redis.exceptions import RedisError

from receiver.journal.store import Store, key
from receiver.journal.worklist import NECTAR, WORKER_GONE


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is known of the other side: Nectar, or a handler's target."""

    name: str
    reason: str
    since: float
    """Seconds since the epoch."""
    parked: int


@dataclass(frozen=True, slots=True)
class Gauges:
    """The journal in numbers."""

    due: int
    lateness: float
    """Seconds that the oldest due work has waited beyond its time."""
    dead: int
    quarantined: int
    events: int
    breakers: tuple[Breaker, ...]
    workers: int
    """Worker processes that are there."""
    memory_share: float
    """Share of Redis's `maxmemory` in use; 0 when it has no limit."""
    stats: dict[str, int] = field(default_factory=dict)


class Observatory:
    """Reads the journal's gauges."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def memory_share(self) -> float:
        """Share of Redis's `maxmemory` in use; 0 when it has no limit."""
        memory = await self._store.redis.info("memory")
        limit = int(memory.get("maxmemory", 0))
        return int(memory["used_memory"]) / limit if limit else 0.0

    async def backlog(self) -> int:
        """Pieces of work waiting, parked fetches included."""
        async with self._store.redis.pipeline(transaction=False) as pipe:
            pipe.zcard(key("due"))
            pipe.zcard(key("parked", NECTAR))
            return sum(await pipe.execute())

    async def writable(self) -> None:
        """Write something. Raises RedisError, saying what Redis said, when that cannot be."""
        await self._store.redis.set(key("probe"), "1", ex=60)

    async def count(self, counts: dict[str, int]) -> bool:
        """Add to the counts; False when Redis is away."""
        try:
            async with self._store.redis.pipeline(transaction=False) as pipe:
                for name, number in counts.items():
                    pipe.hincrby(key("stats"), name, number)
                await pipe.execute()
        except RedisError:
            return False
        return True

    async def read(self) -> Gauges:
        """All gauges at once."""
        redis = self._store.redis
        seconds, micros = await redis.time()
        now = seconds + micros / 1e6
        async with redis.pipeline(transaction=False) as pipe:
            pipe.zcard(key("due"))
            pipe.zrange(key("due"), 0, 0, withscores=True)
            pipe.zcard(key("dead"))
            pipe.zcard(key("quarantine"))
            pipe.xlen(key("events"))
            pipe.zcount(key("workers"), seconds - WORKER_GONE, "+inf")
            pipe.hgetall(key("stats"))
            due, oldest, dead, quarantined, events, workers, stats = await pipe.execute()
        return Gauges(
            due=due,
            lateness=max(0.0, now - oldest[0][1] / 1000) if oldest else 0.0,
            dead=dead,
            quarantined=quarantined,
            events=events,
            workers=workers,
            breakers=await self._breakers(),
            memory_share=await self.memory_share(),
            stats={name: int(number) for name, number in stats.items()},
        )

    async def _breakers(self) -> tuple[Breaker, ...]:
        names = await self._store.members(key("breakers"))
        found = []
        for name in names:
            reason, since = await self._store.fields(key("breaker", name), "reason", "since")
            parked = await self._store.redis.zcard(key("parked", name))
            if since:
                found.append(Breaker(name, reason or "", int(since) / 1000, parked))
        return tuple(found)
