"""GET /healthz, /readyz and /metrics."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from receiver.journal import Gauges, Observatory
from receiver.policy import describe
from receiver.settings import Settings
from receiver.telemetry import Redactor
from receiver.web.problems import Problem

OK = "ok"
NEAR = 0.9
"""Share of the way to a limit from which on /readyz is red: while something can still be done about it."""
COUNTERS = {
    "fetch": ("nectar_router_fetches", "Fetches of connections, by what became of them.", ("outcome",)),
    "delivery": (
        "nectar_router_deliveries",
        "Attempts at deliveries, by handler and what became of them.",
        ("handler", "outcome"),
    ),
    "refused": ("nectar_router_refused", "Requests refused, by the status answered.", ("status",)),
    "unknown": ("nectar_router_unknown_values", "Values outside Nectar's closed lists.", ("field",)),
    "swept": ("nectar_router_swept", "Pieces of work that the sweep found without a job.", ()),
}
PLAIN = ("nectar_router_messages", "Messages by what became of them.", ("result",))


class Health:
    """Tells how the router is."""

    def __init__(self, settings: Settings, observatory: Observatory, redactor: Redactor) -> None:
        self._settings = settings
        self._observatory = observatory
        self._redactor = redactor

    async def healthz(self, request: Request) -> Response:
        """This process is alive."""
        return PlainTextResponse("alive\n")

    async def readyz(self, request: Request) -> Response:
        """Whether messages can be taken and kept, with room to spare; says which part stands in the way."""
        checks = {"webhook_secret": self._secret()}
        body: dict[str, object] = {}
        try:
            await self._observatory.writable()
            gauges = await self._observatory.read()
        except (RedisError, OSError) as error:
            checks["redis"] = self._redactor.text(describe(error))
        else:
            checks |= {"redis": OK} | self._room(gauges, await self._observatory.backlog())
            body = {"workers": gauges.workers, "breakers": self._breakers(gauges)}
        ready = all(check == OK for check in checks.values())
        body = {"status": "ready" if ready else "not ready", "checks": checks, **body}
        return JSONResponse(body, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """All gauges and counts, for Prometheus."""
        try:
            gauges = await self._observatory.read()
        except (RedisError, OSError) as error:
            raise Problem(503, "The metrics are in Redis, and Redis is away.") from error
        registry = CollectorRegistry()
        registry.register(_Exposition(gauges))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def _secret(self) -> str:
        closed = not self._settings.nectar_webhook_secret and not self._settings.allow_unsigned
        return "NECTAR_WEBHOOK_SECRET is not set" if closed else OK

    def _room(self, gauges: Gauges, backlog: int) -> dict[str, str]:
        most, fullest = self._settings.max_backlog, self._settings.max_memory
        used = f"{gauges.memory_share:.1%} of maxmemory is used, from {fullest:.1%} on webhooks are refused"
        waiting = f"{backlog} pieces of work wait, from {most} on webhooks are refused"
        return {
            "memory": f"{used} (MAX_MEMORY)" if gauges.memory_share >= NEAR * fullest else OK,
            "backlog": f"{waiting} (MAX_BACKLOG)" if backlog >= NEAR * most else OK,
        }

    def _breakers(self, gauges: Gauges) -> list[dict[str, object]]:
        return [
            {
                "name": breaker.name,
                "reason": self._redactor.text(breaker.reason),
                "since": breaker.since,
                "parked": breaker.parked,
            }
            for breaker in gauges.breakers
        ]


class _Exposition(Collector):
    """The journal's numbers in Prometheus's terms. They count all processes, not this one alone."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        """One metric after the other."""
        yield from self._gauge_metrics()
        yield from self._counter_metrics()

    def _gauge_metrics(self) -> Iterator[Metric]:
        gauges = self._gauges
        for name, meaning, value in (
            ("due", "Pieces of work waiting or in hand.", gauges.due),
            ("lateness_seconds", "How long the oldest due work has waited beyond its time.", gauges.lateness),
            ("dead_letters", "Pieces of work that need a person.", gauges.dead),
            ("quarantined", "Authentic messages that do not fit the schema.", gauges.quarantined),
            ("events", "Events kept.", gauges.events),
            ("workers", "Worker processes.", gauges.workers),
            ("redis_memory_share", "Share of Redis's maxmemory in use.", gauges.memory_share),
        ):
            yield GaugeMetricFamily(f"nectar_router_{name}", meaning, value)
        parked = GaugeMetricFamily("nectar_router_parked", "Work behind an open breaker.", labels=["breaker"])
        for breaker in gauges.breakers:
            parked.add_metric([breaker.name], breaker.parked)
        yield parked

    def _counter_metrics(self) -> Iterator[Metric]:
        families = {
            kind: CounterMetricFamily(name, meaning, labels=labels)
            for kind, (name, meaning, labels) in {**COUNTERS, "": PLAIN}.items()
        }
        for name, value in sorted(self._gauges.stats.items()):
            kind, *labels = name.split(":")
            if kind in COUNTERS:
                families[kind].add_metric(labels, value)
            else:
                families[""].add_metric([name], value)
        yield from families.values()
