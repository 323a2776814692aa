"""Messages accepted a second: verified, validated, durable, deduplicated; and all of that but the write."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tests.benchmarks.load import CONNECTIONS, Answers, load
from tests.benchmarks.messages import write_requests
from tests.benchmarks.plan import Plan
from tests.benchmarks.redis_server import Client, client_of, running_redis
from tests.benchmarks.rows import Goal, Row, Untrue, ratio
from tests.benchmarks.webs import ARQ, BARE, ROUTER, WEBHOOK, WITHOUT_STORAGE, Running, Web, running_web

OF_NECTAR = 500
"""Connections that the messages are about."""
WARM_UP = 1.0
"""Seconds of load that do not count."""
GOALS = {WITHOUT_STORAGE: Goal(0.85), BARE: Goal(0.5), ARQ: Goal(4), WEBHOOK: None}


async def measure(plan: Plan) -> list[Row]:
    """One row for each of those it is compared with."""
    rates: dict[Web, list[float]] = defaultdict(list)
    costs: dict[Web, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        client = stack.enter_context(client_of(url))
        requests = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "requests"
        there = [web for web in (ROUTER, *GOALS) if not web.missing]
        webs = [stack.enter_context(running_web(web, url)) for web in there]
        write_requests(requests, plan.messages, OF_NECTAR)
        for running in webs:
            # What a process does once only is none of its rate.
            await accepted(running, client, requests, WARM_UP)
        for turn in range(plan.rounds):
            write_requests(requests, plan.messages, OF_NECTAR)
            for running in webs[turn % 2 :] + webs[: turn % 2]:
                rate, cost = await accepted(running, client, requests, plan.seconds)
                rates[running.web].append(rate)
                costs[running.web].append(cost)
    return [_row(web, rates, costs) for web in GOALS]


def _row(web: Web, rates: Mapping[Web, list[float]], costs: Mapping[Web, list[float]]) -> Row:
    name, goal = f"accepted, over {web.name}", GOALS[web]
    if web.missing:
        return Row("accept", name, "req/s", note=web.missing, goal=goal)
    note = f"{median(costs[ROUTER]):.0f} us of CPU each, theirs {median(costs[web]):.0f}"
    return ratio("accept", name, "req/s", rates[ROUTER], web.name, rates[web], goal, note)


async def accepted(
    running: Running, client: Client, requests: Path, seconds: float, *, empty: bool = True
) -> tuple[float, float]:
    """Answers a second and microseconds of CPU for each, once it is seen that what was answered is kept."""
    if empty:
        client.flushall()
    before, used = running.kept(client), running.program.cpu()
    answers = await load(running.port, requests, seconds, again=running.web.kept is None)
    used = running.program.cpu() - used
    verify(running, client, answers, before)
    return answers.rate, used / answers.answered * 1e6


def verify(running: Running, client: Client, answers: Answers, before: int = 0) -> None:
    """See that what was answered is kept, and nothing else. Raises Untrue."""
    running.program.wait_until_idle()
    kept = running.kept(client) - before
    # What was under way at the end is kept, and its answer was not waited for.
    least, most = (answers.answered, answers.answered + CONNECTIONS) if running.web.kept else (0, 0)
    if not least <= kept <= most:
        raise Untrue(f"{running.web.name}: {answers.answered} accepted, {kept} kept")
