"""A router with next to nothing to do: how soon it begins, and what it costs to be there."""

import http.client
import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import router
from tests.benchmarks.handlers import NOOPS
from tests.benchmarks.messages import PATH, connection_id, message_ids, signed
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import PATIENCE
from tests.benchmarks.redis_server import running_redis
from tests.benchmarks.rows import Goal, Row, absolute, percentile
from tests.benchmarks.stand_in import stand_in_nectar
from tests.benchmarks.webs import ROUTER, running_web

SPACING = (0.03, 0.13)
"""Seconds between two messages: never two at once, and not in step with anything."""
BREATH = 3.0
"""Seconds until what a start brings with it is over."""
LOOK = 10.0
IDS = message_ids()


async def measure(plan: Plan) -> list[Row]:
    """How soon a handler is started, and CPU with two handlers and with five."""
    return [*_latency(plan), *_cost(plan, 2), *_cost(plan, 5)]


def _latency(plan: Plan) -> list[Row]:
    rounds: list[list[float]] = []
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        nectar = stack.enter_context(stand_in_nectar())
        told = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "told"
        web = stack.enter_context(running_web(ROUTER, url))
        variables = {"HANDLERS": "told,noop1", "TOLD_PATH": str(told), "NECTAR_BASE_URL": nectar.url}
        stack.enter_context(router.running_worker(url, **variables)).wait_for(router.WORKING)
        time.sleep(0 if plan.quick else BREATH)
        for turn in range(plan.rounds):
            number = plan.size(200, 5)
            rounds.append(_started(web.port, told, range(turn * number, (turn + 1) * number)))
    kinds = ((50, Goal(8, at_least=False)), (99, Goal(20, at_least=False)))
    return [
        absolute(
            *("idle", f"202 to handler started, p{share}", "ms"),
            *([percentile(each, share) for each in rounds], goal),
            note=f"{len(rounds[0])} messages a round",
        )
        for share, goal in kinds
    ]


def _started(port: int, told: Path, numbers: range) -> list[float]:
    """Milliseconds from each message's answer until the handler is started."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    answered: dict[str, float] = {}
    for number in numbers:
        headers, body = signed(next(IDS), number)
        client.request("POST", PATH, body, headers)
        reply = client.getresponse()
        reply.read()
        answered[connection_id(number)] = time.monotonic()
        if reply.status != 202:
            raise RuntimeError(f"answered {reply.status}")
        time.sleep(random.uniform(*SPACING))
    client.close()
    started = read_told(told, len(numbers) * (numbers.stop // len(numbers)))
    return [(started[connection] - at) * 1000 for connection, at in answered.items()]


def read_told(told: Path, number: int) -> dict[str, float]:
    """When the handler was started for each connection, once it was for so many."""
    give_up = time.monotonic() + PATIENCE
    while True:
        lines = told.read_text().splitlines() if told.exists() else []
        if len(lines) >= number:
            return {connection: float(at) for at, _, connection in map(str.split, lines)}
        if time.monotonic() > give_up:
            raise RuntimeError(f"{len(lines)} of {number} started")
        time.sleep(0.01)


def _cost(plan: Plan, handlers: int) -> list[Row]:
    """CPU of web and worker while nothing comes."""
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        web = stack.enter_context(running_web(ROUTER, url)).program
        worker = stack.enter_context(router.running_worker(url, HANDLERS=",".join(NOOPS[:handlers])))
        worker.wait_for(router.WORKING)
        time.sleep(0 if plan.quick else BREATH)
        seconds = 1.0 if plan.quick else LOOK
        began, before = time.monotonic(), (web.cpu(), worker.cpu())
        time.sleep(seconds)
        took = time.monotonic() - began
        used = [(each.cpu() - at) / took * 100 for each, at in zip((web, worker), before, strict=True)]
    return [
        absolute(
            "idle", f"idle CPU, {name}, {handlers} handlers", "% of a core", [share], Goal(1, at_least=False)
        )
        for name, share in zip(("web", "worker"), used, strict=True)
    ]
