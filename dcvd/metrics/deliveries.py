"""Metrics of deliveries, which change thousands of times a second: plain numbers that only a scrape formats."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BUCKET_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bound of each bucket of latencies, in seconds; one more bucket holds the rest."""


class DeliveryCounts(Collector):
    """Counts attempts and deliveries since the start."""

    def __init__(self) -> None:
        self.count_in_flight: Callable[[], int] = lambda: 0
        self.attempts: Counter[str] = Counter()
        self.finished_deliveries: Counter[str] = Counter()
        self.own_faults: Counter[str] = Counter()
        self._latencies = [0] * (len(_BUCKET_BOUNDS_S) + 1)
        self._latency_sum_s = 0.0

    def observe_latency(self, seconds: float) -> None:
        """Record how long an attempt took."""
        self._latencies[bisect_left(_BUCKET_BOUNDS_S, seconds)] += 1
        self._latency_sum_s += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        attempts = CounterMetricFamily("dcvd_delivery_attempts", "Webhook attempts", labels=["outcome"])
        for outcome, count in self.attempts.items():
            attempts.add_metric([outcome], count)
        yield attempts
        finished = CounterMetricFamily("dcvd_deliveries_ended", "Deliveries that have ended", labels=["state"])
        for state, count in self.finished_deliveries.items():
            finished.add_metric([state], count)
        yield finished
        faults = CounterMetricFamily(
            "dcvd_delivery_own_faults", "Webhook attempts that failed by the machine of dcvd itself", labels=["reason"]
        )
        for reason, count in self.own_faults.items():
            faults.add_metric([reason], count)
        yield faults
        bounds = [*map(str, _BUCKET_BOUNDS_S), "+Inf"]
        yield HistogramMetricFamily(
            "dcvd_delivery_attempt_seconds",
            "Time a webhook attempt took",
            buckets=list(zip(bounds, accumulate(self._latencies), strict=True)),
            sum_value=self._latency_sum_s,
        )
        in_flight = GaugeMetricFamily("dcvd_delivery_attempts_in_flight", "Webhook attempts in flight")
        in_flight.add_metric([], self.count_in_flight())
        yield in_flight
