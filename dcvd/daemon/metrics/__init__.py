"""What the metrics show of the daemon's parts as they are at a scrape."""

from dcvd.daemon.metrics.sources import PartsOfMetrics as PartsOfMetrics
from dcvd.daemon.metrics.sources import build_exposition as build_exposition
