"""What a metric is: its name, type, labels and meaning, from which scrapes and the documentation are made."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

LabelValues = tuple[str, ...]
"""The values of a definition's labels, in their order."""


class MetricType(StrEnum):
    """The type of a metric, as Prometheus knows it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class MetricDefinition(Struct, frozen=True):
    """A metric. name: that of its samples; those of a histogram end in `_bucket`, `_sum` and `_count`.

    The values of each label are a closed set: never names of tenants or domains.
    """

    name: str
    type: MetricType
    meaning: str
    labels: tuple[str, ...] = ()

    def build(self, values: Mapping[LabelValues, float]) -> Metric:
        """Build a counter or gauge with these values; what is not in them is absent."""
        family: CounterMetricFamily | GaugeMetricFamily
        if self.type is MetricType.COUNTER:
            family = CounterMetricFamily(self.name, self.meaning, labels=self.labels)
        else:
            family = GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family

    def build_single(self, value: float | None) -> Metric:
        """Build a counter or gauge without labels; absent where `value` is None."""
        return self.build({} if value is None else {(): value})

    def build_histogram(self, buckets: Mapping[LabelValues, tuple[list[tuple[str, float]], float]]) -> Metric:
        """Build a histogram: its cumulative buckets, by the upper bound, and the sum of what was observed."""
        family = HistogramMetricFamily(self.name, self.meaning, labels=self.labels)
        for labels, (counts, total) in buckets.items():
            family.add_metric(labels, counts, total)
        return family


def define_counter(name: str, meaning: str, *labels: str) -> MetricDefinition:
    """Define a counter; its name ends in `_total`."""
    return MetricDefinition(name, MetricType.COUNTER, meaning, labels)


def define_gauge(name: str, meaning: str, *labels: str) -> MetricDefinition:
    """Define a gauge."""
    return MetricDefinition(name, MetricType.GAUGE, meaning, labels)


def define_histogram(name: str, meaning: str, *labels: str) -> MetricDefinition:
    """Define a histogram of seconds."""
    return MetricDefinition(name, MetricType.HISTOGRAM, meaning, labels)
