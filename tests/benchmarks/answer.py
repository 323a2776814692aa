"""How long an answer takes at half of what can be accepted: the slowest of a hundred."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.accept import OF_NECTAR, accepted, verify
from tests.benchmarks.load import CONNECTIONS, Answers, load
from tests.benchmarks.messages import write_requests
from tests.benchmarks.plan import Plan
from tests.benchmarks.redis_server import Client, client_of, running_redis
from tests.benchmarks.rows import Goal, Row, ratio
from tests.benchmarks.webs import BARE, ROUTER, Running, running_web


async def measure(plan: Plan) -> list[Row]:
    """Over the bare route's under the very same load."""
    ours: list[Answers] = []
    theirs: list[Answers] = []
    with ExitStack() as stack:
        url = stack.enter_context(running_redis())
        client = stack.enter_context(client_of(url))
        requests = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "requests"
        router, bare = (stack.enter_context(running_web(web, url)) for web in (ROUTER, BARE))
        for _ in range(plan.rounds):
            write_requests(requests, plan.messages, OF_NECTAR)
            most, _ = await accepted(router, client, requests, plan.seconds)
            # A connection's next request waits for the answer and then for the pause.
            pause = CONNECTIONS / (most / 2) * 1000 - (ours[-1].p50 if ours else 0)
            ours.append(await _at_half(router, client, requests, plan.seconds, pause))
            theirs.append(await _at_half(bare, client, requests, plan.seconds, pause))
    note = f"at {ours[-1].rate:.0f} req/s; p50 {ours[-1].p50:.2f} ms, theirs {theirs[-1].p50:.2f}"
    p99s = [each.p99 for each in ours], BARE.name, [each.p99 for each in theirs]
    return [
        ratio("answer", f"p99 of the answer, over {BARE.name}", "ms", *p99s, Goal(3, at_least=False), note)
    ]


async def _at_half(running: Running, client: Client, requests: Path, seconds: float, pause: float) -> Answers:
    client.flushall()
    answers = await load(running.port, requests, seconds, pause=pause, again=running.web.kept is None)
    verify(running, client, answers)
    return answers
