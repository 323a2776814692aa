"""How handlers are doing: what their breakers say, what waits behind them, and what is dead."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from receiver.journal.states import handler_of
from receiver.journal.store import Store, key

SCANNED_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Health:
    """How a handler is doing."""

    since: int
    """ms since the epoch: since when its breaker is open; 0: it is closed."""
    reason: str
    """Why it is open."""
    parked: int
    """Deliveries that wait until it closes."""
    dead: int
    """Dead letters of this handler."""


async def read_health(store: Store, handlers: Iterable[str]) -> dict[str, Health]:
    """How these are doing. Raises RedisError."""
    names = list(handlers)
    async with store.redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hmget(key("breaker", name), ["since", "reason"])
            pipe.zcard(key("parked", name))
        answers = iter(await pipe.execute())
    dead = await _dead_letters(store)
    found = {}
    for name in names:
        (since, reason), parked = next(answers), next(answers)
        found[name] = Health(int(since or 0), (reason or "") if since else "", parked, dead[name])
    return found


async def _dead_letters(store: Store) -> Counter[str]:
    """How many each handler has."""
    letters = store.redis.zscan_iter(key("dead"), count=SCANNED_AT_A_TIME)
    # A set: Redis may show one twice while letters come and go.
    return Counter(map(handler_of, {name async for name, _ in letters}))
