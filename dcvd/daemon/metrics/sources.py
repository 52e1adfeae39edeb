"""Where the metrics of what is come from: each is read from its part at the scrape."""

import asyncio
import platform
import sqlite3
from collections.abc import Collection, Iterator
from typing import Final

from msgspec import Struct
from prometheus_client.core import Metric

from dcvd import __version__
from dcvd.core.instants import to_seconds
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.daemon.metrics.cloudflare import CLOUDFLARE, show_cloudflare
from dcvd.daemon.metrics.store import WRITER, show_disk, show_writer
from dcvd.daemon.metrics.work import show_figures
from dcvd.http.limits.open_requests import OpenRequests
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.kit.logs.anonymous_lines import ANONYMOUS_LINES
from dcvd.kit.logs.configuration import count_dropped_lines
from dcvd.kit.logs.repeated_lines import REPEATED_LINES
from dcvd.metrics import Metrics
from dcvd.metrics.catalogue import cloudflare, daemon
from dcvd.metrics.exposition import Exposition
from dcvd.metrics.process import DEFINITIONS as PROCESS
from dcvd.metrics.process import read_process
from dcvd.services.context import Context
from dcvd.services.figures import read_figures
from dcvd.services.lifecycle.activations import parse_announcement
from dcvd.services.readiness import OverallStatus, Readiness, judge_readiness
from dcvd.store.engine.transactions import Topic
from dcvd.sync.saas_zone_loop import SaasZoneLoop

_LOGS: Final = (daemon.LOG_LINES_SUPPRESSED, daemon.LOG_LINES_DROPPED)
CLOCK: Final = (daemon.CLOCK_CONFIRMED, daemon.CLOCK_AHEAD)
_READINESS: Final = (daemon.READY, daemon.PART_READY)
_READINESS_MAX_AGE_S: Final = 90.0
"""Seconds after which a round of checks says nothing of the present any more."""


class PartsOfMetrics(Struct, frozen=True, kw_only=True):
    """The parts whose state the metrics show. job_kinds: the names of the kinds of jobs that there are."""

    context: Context
    clock: DisciplinedClock
    cloudflare: CloudflareClient
    saas_zone: SaasZoneLoop
    open_requests: OpenRequests
    readiness: Readiness
    job_kinds: Collection[str]


def build_exposition(metrics: Metrics, parts: PartsOfMetrics) -> Exposition:
    """Build the exposition of these metrics and of the state of these parts."""
    context, writer_state = parts.context, parts.context.database.writer_state
    writer_state.call_when_committed(metrics.record_commit)

    def record_activation(key: str) -> None:
        activation = parse_announcement(key)
        since_verification_ms = activation.since_verification_ms
        metrics.record_activation(
            to_seconds(activation.since_addition_ms),
            None if since_verification_ms is None else to_seconds(since_verification_ms),
        )

    context.database.subscribe(Topic.ACTIVATIONS, record_activation)
    metrics.add_source([daemon.BUILD], _show_build)
    metrics.add_source(PROCESS, read_process)
    metrics.add_source(_LOGS, _show_logs)
    metrics.add_source(CLOCK, lambda: show_clock(parts.clock))
    metrics.add_source(WRITER, lambda: show_writer(writer_state))
    metrics.add_source(CLOUDFLARE, lambda: show_cloudflare(parts.cloudflare))
    metrics.add_source([cloudflare.ZONE_CHECKED], lambda: [_show_zone_check(parts.saas_zone)])
    metrics.add_source([daemon.HTTP_IN_FLIGHT], lambda: [daemon.HTTP_IN_FLIGHT.build_single(len(parts.open_requests))])
    metrics.add_source(_READINESS, lambda: _show_readiness(parts.readiness))
    exposition = Exposition(metrics.registry)

    async def read_work() -> Iterator[Metric]:
        return show_figures(await read_figures(context), parts.job_kinds)

    async def read_disk() -> list[Metric]:
        return await asyncio.to_thread(show_disk, context.config.database.path)

    exposition.add_source("database", read_work)
    exposition.add_source("disk", read_disk)
    return exposition


def show_clock(clock: DisciplinedClock) -> Iterator[Metric]:
    """Yield the metrics of how things stand with the time."""
    report = clock.report()
    yield daemon.CLOCK_CONFIRMED.build_single(report.is_confirmed)
    yield daemon.CLOCK_AHEAD.build_single(to_seconds(report.ahead_ms))


def _show_build() -> Iterator[Metric]:
    yield daemon.BUILD.build({(__version__, platform.python_version(), sqlite3.sqlite_version): 1})


def _show_logs() -> Iterator[Metric]:
    yield daemon.LOG_LINES_SUPPRESSED.build(
        {("anonymous",): ANONYMOUS_LINES.suppressed_count, ("repeated",): REPEATED_LINES.suppressed_count}
    )
    yield daemon.LOG_LINES_DROPPED.build_single(count_dropped_lines())


def _show_zone_check(saas_zone: SaasZoneLoop) -> Metric:
    checked_at = saas_zone.checked_at
    return cloudflare.ZONE_CHECKED.build_single(None if checked_at is None else to_seconds(checked_at))


def _show_readiness(readiness: Readiness) -> Iterator[Metric]:
    reports = readiness.list_reports(max_age_s=_READINESS_MAX_AGE_S)
    is_ready = judge_readiness(reports) is not OverallStatus.FAILING
    yield daemon.READY.build_single(is_ready if reports else None)
    yield daemon.PART_READY.build({(part,): report.fault is None for part, report in reports.items()})
