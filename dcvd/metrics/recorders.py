"""What happens is counted here, thousands of times a second: plain numbers that only a scrape formats."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from dcvd.metrics.definitions import LabelValues, MetricDefinition

_MAX_SERIES: Final = 500
"""The most combinations of label values of one metric, should a set not be as closed as it was thought to be."""
_OTHER: Final = "other"


class Counts(Collector):
    """Counts since the start of the process, by label values.

    known: the label values that are shown from the start, so that the first time is an increase from 0.
    """

    def __init__(self, definition: MetricDefinition, known: Iterable[LabelValues] = ()) -> None:
        self._definition = definition
        # Each count in a list of its own: to look a label up takes longer than to count.
        self._counts: dict[LabelValues, list[int]] = {labels: [0] for labels in (known if definition.labels else [()])}

    def add(self, *labels: str, count: int = 1) -> None:
        """Count something."""
        counted = self._counts.get(labels)
        if counted is None:
            if len(self._counts) >= _MAX_SERIES:
                labels = (_OTHER,) * len(labels)
            counted = self._counts.setdefault(labels, [0])
        counted[0] += count

    def describe(self) -> Iterator[Metric]:
        """Yield the metric without values."""
        yield self._definition.build({})

    def collect(self) -> Iterator[Metric]:
        """Yield the metric as it is now."""
        yield self._definition.build({labels: counted[0] for labels, counted in self._counts.items()})


class _Series:
    """The durations with the same label values: how many fell in each bucket, and their sum."""

    __slots__ = ("counts", "sum_s")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.sum_s = 0.0


class Durations(Collector):
    """A histogram of seconds since the start of the process. bounds_s: the upper bound of each bucket but the last."""

    def __init__(
        self, definition: MetricDefinition, bounds_s: Sequence[float], known: Iterable[LabelValues] = ()
    ) -> None:
        self._definition = definition
        self._bounds_s = tuple(bounds_s)
        self._series: dict[LabelValues, _Series] = {}
        for labels in known if definition.labels else [()]:
            self._begin(labels)

    def observe(self, seconds: float, *labels: str) -> None:
        """Record how long something took; an instant that lies ahead, by a step of the clock, counts as none."""
        if seconds < 0.0:
            seconds = 0.0
        series = self._series.get(labels)
        if series is None:
            if len(self._series) >= _MAX_SERIES:
                labels = (_OTHER,) * len(labels)
            series = self._series.get(labels) or self._begin(labels)
        series.counts[bisect_left(self._bounds_s, seconds)] += 1
        series.sum_s += seconds

    def _begin(self, labels: LabelValues) -> _Series:
        series = self._series[labels] = _Series(len(self._bounds_s) + 1)
        return series

    def describe(self) -> Iterator[Metric]:
        """Yield the metric without values."""
        yield self._definition.build_histogram({})

    def collect(self) -> Iterator[Metric]:
        """Yield the metric as it is now."""
        bounds = [*map(str, self._bounds_s), "+Inf"]
        yield self._definition.build_histogram(
            {
                labels: (list(zip(bounds, map(float, accumulate(series.counts)), strict=True)), series.sum_s)
                for labels, series in self._series.items()
            }
        )
