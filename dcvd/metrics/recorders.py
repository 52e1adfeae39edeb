"""What happens is counted here, thousands of times a second: plain numbers that only a scrape formats."""

from bisect import bisect_left
from collections import Counter
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
        self._counts: Counter[LabelValues] = Counter(dict.fromkeys(known if definition.labels else [()], 0))

    def add(self, *labels: str, count: int = 1) -> None:
        """Count something."""
        if labels not in self._counts and len(self._counts) >= _MAX_SERIES:
            labels = (_OTHER,) * len(labels)
        self._counts[labels] += count

    def describe(self) -> Iterator[Metric]:
        """Yield the metric without values."""
        yield self._definition.build({})

    def collect(self) -> Iterator[Metric]:
        """Yield the metric as it is now."""
        yield self._definition.build(self._counts)


class Durations(Collector):
    """A histogram of seconds since the start of the process. bounds_s: the upper bound of each bucket but the last."""

    def __init__(
        self, definition: MetricDefinition, bounds_s: Sequence[float], known: Iterable[LabelValues] = ()
    ) -> None:
        self._definition = definition
        self._bounds_s = tuple(bounds_s)
        self._counts: dict[LabelValues, list[int]] = {}
        self._sums_s: Counter[LabelValues] = Counter()
        for labels in known if definition.labels else [()]:
            self._counts[labels] = [0] * (len(bounds_s) + 1)

    def observe(self, seconds: float, *labels: str) -> None:
        """Record how long something took; an instant that lies ahead, by a step of the clock, counts as none."""
        seconds = max(seconds, 0.0)
        counts = self._counts.get(labels)
        if counts is None:
            if len(self._counts) >= _MAX_SERIES:
                labels = (_OTHER,) * len(labels)
            counts = self._counts.setdefault(labels, [0] * (len(self._bounds_s) + 1))
        counts[bisect_left(self._bounds_s, seconds)] += 1
        self._sums_s[labels] += seconds  # type: ignore[assignment]  # a Counter of floats

    def describe(self) -> Iterator[Metric]:
        """Yield the metric without values."""
        yield self._definition.build_histogram({})

    def collect(self) -> Iterator[Metric]:
        """Yield the metric as it is now."""
        bounds = [*map(str, self._bounds_s), "+Inf"]
        yield self._definition.build_histogram(
            {
                labels: (list(zip(bounds, map(float, accumulate(counts)), strict=True)), self._sums_s[labels])
                for labels, counts in self._counts.items()
            }
        )
