"""What a connection costs the worker, and what each handler adds: CPU, all from the fetch to the record."""

from contextlib import ExitStack

from tests.benchmarks.connections import through_router
from tests.benchmarks.handlers import NOOPS
from tests.benchmarks.plan import Plan
from tests.benchmarks.redis_server import Client, client_of, running_redis
from tests.benchmarks.rows import Row, absolute
from tests.benchmarks.stand_in import StandIn, stand_in_nectar

FEW, MANY = NOOPS[:1], NOOPS
CONNECTIONS = 2000


async def measure(plan: Plan) -> list[Row]:
    """With one handler and with five, by turns."""
    number = plan.size(CONNECTIONS, 50)
    few, many = [], []
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        client = stack.enter_context(client_of(url))
        nectar = stack.enter_context(stand_in_nectar())
        for _ in range(plan.rounds):
            few.append(await _cost(url, client, nectar, number, FEW))
            many.append(await _cost(url, client, nectar, number, MANY))
    rows = []
    for place, who in enumerate(("the worker", "Redis")):
        each = [
            (more[place] - less[place]) / (len(MANY) - len(FEW)) for less, more in zip(few, many, strict=True)
        ]
        alone = [less[place] - one * len(FEW) for less, one in zip(few, each, strict=True)]
        rows += [
            absolute("costs", f"CPU of {who}: a connection accepted and fetched", "ms", alone),
            absolute("costs", f"CPU of {who}: a handler's delivery of it", "ms", each),
        ]
    return rows


async def _cost(
    url: str, client: Client, nectar: StandIn, number: int, handlers: tuple[str, ...]
) -> tuple[float, float]:
    """ms of the worker's and of Redis's CPU for each connection; Redis's has its acceptance in it."""
    client.flushall()
    before = _used(client)
    _, worker = await through_router(url, nectar, number, handlers)
    return worker, (_used(client) - before) / number * 1000


def _used(client: Client) -> float:
    """Seconds of CPU of Redis."""
    found = client.info("cpu")
    return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])
