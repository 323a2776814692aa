"""What GET /metrics answers."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.registry import Collector

from receiver.journal import Gauges

__all__ = ["CONTENT_TYPE", "exposition"]

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


def exposition(gauges: Gauges) -> bytes:
    """The journal's numbers as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Exposition(gauges))
    return generate_latest(registry)


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
