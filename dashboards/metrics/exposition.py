"""The text that Prometheus reads: the table with what was counted and what is now, through prometheus-client."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from dashboards.metrics import labels, table
from dashboards.metrics.present import Sample
from dashboards.metrics.totals import Labels, Totals

Gauges = Mapping[str, Mapping[Labels, float]]
Histograms = Mapping[str, Mapping[Labels, Sequence[float]]]
"""By name and labels: counts of the classes, and the sum."""
NONE: Histograms = {}


def expose(
    totals: Totals, gauges: Iterable[Sample], models: Sequence[str], accept: str, read: Histograms = NONE
) -> tuple[bytes, str]:
    """The body and its content type, as the scraper can take it. `read`: histograms that are not of the journal."""
    by_name: dict[str, dict[Labels, float]] = {}
    for sample in gauges:
        by_name.setdefault(sample.name, {})[sample.labels] = sample.value
    registry = CollectorRegistry()
    registry.register(Exporter(totals, by_name, models, read))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class Exporter(Collector):
    """The table as prometheus-client wants it."""

    def __init__(self, totals: Totals, gauges: Gauges, models: Sequence[str], read: Histograms = NONE) -> None:
        self._totals, self._gauges, self._models, self._read = totals, gauges, models, read

    def collect(self) -> Iterator[Metric]:
        """One family for each metric. What was never counted is 0 from the start, so that its first rise is seen."""
        for metric in table.METRICS:
            match metric.kind:
                case "counter":
                    yield self._counter(metric)
                case "gauge":
                    yield self._gauge(metric)
                case "histogram":
                    yield self._histogram(metric)

    def _counter(self, metric: table.Metric) -> Metric:
        family = CounterMetricFamily(metric.name, metric.help, labels=list(metric.labels))
        for values in self.possible(metric):
            family.add_metric(values, self._totals.counters[metric.name].get(values, 0.0))
        return family

    def _gauge(self, metric: table.Metric) -> Metric:
        family = GaugeMetricFamily(metric.name, metric.help, labels=list(metric.labels))
        for values, value in self._gauges.get(metric.name, {}).items():
            family.add_metric(values, value)
        return family

    def _histogram(self, metric: table.Metric) -> Metric:
        family = HistogramMetricFamily(metric.name, metric.help, labels=list(metric.labels))
        found = self._read.get(metric.name) or self._totals.histograms.get(metric.name, {})
        for values, (*counts, total) in found.items():
            bounds = [*map(str, metric.buckets), "+Inf"]
            sums = [sum(counts[: position + 1]) for position in range(len(counts))]
            family.add_metric(values, list(zip(bounds, sums, strict=True)), total)
        return family

    def possible(self, metric: table.Metric) -> Iterator[Labels]:
        """Every combination of values that a counter's labels have."""
        named = [*self._models, labels.OTHER]
        yield from product(*(named if kind == "model" else labels.VALUES[kind] for kind in metric.labels.values()))
