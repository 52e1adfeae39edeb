"""How many log lines of anonymous callers were suppressed."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from dcvd.kit.logs.anonymous_lines import ANONYMOUS_LINES


class AnonymousLineCount(Collector):
    """Counts since the start of the process."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metric as it is now."""
        count = ANONYMOUS_LINES.suppressed_count
        yield CounterMetricFamily("dcvd_log_lines_suppressed", "Log lines of anonymous callers", value=count)
