"""Read the overview of the whole: one snapshot of the database, and what only a daemon knows beside it.

What it costs does not grow with the domains: the counts are kept by triggers, and every list is short.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from dcvd import __version__
from dcvd.core.alerts.messages import Channel
from dcvd.core.clock_discipline import ClockReport
from dcvd.core.domains.domain import Domain
from dcvd.core.instants import SECOND, format_instant, to_milliseconds, to_rfc3339
from dcvd.core.system.overview import BackupFacts, DaemonFacts, DiskFacts, PartFacts, SystemOverview
from dcvd.core.system.problems import add_problems
from dcvd.core.system_conditions import Judgement, SystemCondition, SystemState
from dcvd.core.webhooks.health import HealthState
from dcvd.custom_hostnames.budget import BudgetReport
from dcvd.services.context import Context
from dcvd.services.figures import Figures, collect_figures
from dcvd.services.readiness import PartReport, Readiness, judge_readiness
from dcvd.services.system import facts
from dcvd.services.system.conditions import judge_state, read_state
from dcvd.services.system.growth import DatabaseGrowth
from dcvd.store import domains
from dcvd.store.engine.disk import find_last_write, measure_database
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations import organizations
from dcvd.store.webhooks import troubled_endpoints
from dcvd.store.webhooks.troubled_endpoints import TroubledEndpointRow

_MAX_LISTED: Final = 10
"""Of the domains that are broken, and of the endpoints of each sort."""


class DaemonSources(Struct, frozen=True, kw_only=True):
    """What the parts of a daemon say of themselves. is_channel_failing: whether a channel of alerts fails."""

    report_budget: Callable[[], BudgetReport]
    report_clock: Callable[[], ClockReport]
    is_channel_failing: Callable[[Channel], bool]


class Serving(Struct, frozen=True, kw_only=True):
    """A daemon that serves: since when, in milliseconds, and the URLs by which tenants reach it."""

    started_at: int
    urls: list[str]


class OverviewRows(Struct, frozen=True, kw_only=True):
    """What is read of the database."""

    figures: Figures
    latest_broken: list[Domain]
    paused_endpoints: int
    troubled_endpoints: list[TroubledEndpointRow]
    organization_names: Mapping[str, str]


class OverviewReader:
    """Reads the overview. `growth` is what knows how fast the database grows."""

    def __init__(self, context: Context, readiness: Readiness, sources: DaemonSources, growth: DatabaseGrowth) -> None:
        self._context = context
        self._readiness = readiness
        self._sources = sources
        self._growth = growth
        self._serving: Serving | None = None

    def begin_serving(self, serving: Serving) -> None:
        """Show that a daemon serves from now on; until then it is a command that reads the database by itself."""
        self._serving = serving

    async def read(self) -> SystemOverview:
        """Read the overview as it is now. Raises StoreError."""
        context, config, sources = self._context, self._context.config, self._sources
        is_served = self._serving is not None
        now = context.now()
        reports = await self._readiness.glance() if is_served else {}
        clock = sources.report_clock() if is_served else None
        state = await read_state(context, clock)
        conditions = judge_state(context, state)
        rows = await context.database.read(lambda snapshot: read_rows(snapshot, now))
        figures, names = rows.figures, rows.organization_names
        overview = SystemOverview(
            version=__version__,
            at=to_rfc3339(now),
            needs_operator=False,
            problems=[],
            daemon=self._describe_daemon(now),
            ready=judge_readiness(reports).value if is_served else None,
            parts=[_describe_part(part, report) for part, report in reports.items()],
            last_commit_at=format_instant(await self._find_last_commit(now)),
            domains=facts.describe_domains(figures, rows.latest_broken, names),
            certificates=facts.describe_certificates(figures),
            cloudflare=(
                facts.describe_cloudflare(context.saas_zone.value, sources.report_budget(), figures)
                if is_served
                else None
            ),
            checks=facts.describe_checks(figures),
            deliveries=facts.describe_deliveries(figures),
            jobs=facts.describe_jobs(figures, config),
            endpoints=facts.describe_endpoints(figures, rows.paused_endpoints, rows.troubled_endpoints, names),
            disk=await self._describe_disk(state),
            backup=_describe_backup(state, conditions, now),
            clock=None if clock is None else facts.describe_clock(clock),
            alerts=facts.describe_channels(config, sources.is_channel_failing),
        )
        return add_problems(overview, conditions)

    def _describe_daemon(self, now: int) -> DaemonFacts | None:
        if self._serving is None:
            return None
        return DaemonFacts(
            pid=os.getpid(),
            started_at=to_rfc3339(self._serving.started_at),
            uptime_seconds=max(now - self._serving.started_at, 0) // SECOND,
            addresses=self._serving.urls,
            socket=str(self._context.config.server.socket),
        )

    async def _find_last_commit(self, now: int) -> int | None:
        if self._serving is not None:
            return now - to_milliseconds(self._context.database.writer_state.measure_commit_age())
        return await asyncio.to_thread(find_last_write, self._context.config.database.path)

    async def _describe_disk(self, state: SystemState) -> DiskFacts:
        size = await asyncio.to_thread(measure_database, self._context.config.database.path)
        return DiskFacts(
            path=state.database_path,
            free_bytes=state.free_bytes,
            floor_bytes=self._context.config.system_events.disk_floor,
            database_bytes=None if size is None else size.file_bytes,
            log_bytes=None if size is None else size.log_bytes,
            growth_per_day=self._growth.get_bytes_per_day(),
        )


def read_rows(snapshot: Snapshot, now: int) -> OverviewRows:
    """Read what an overview needs of the database; how much that is does not depend on how much is stored."""
    troubled = [
        *troubled_endpoints.list_of_health(snapshot, HealthState.FAILING, _MAX_LISTED),
        *troubled_endpoints.list_paused(snapshot, now, _MAX_LISTED),
        *troubled_endpoints.list_of_health(snapshot, HealthState.DISABLED, _MAX_LISTED),
    ]
    return OverviewRows(
        figures=collect_figures(snapshot, now),
        latest_broken=domains.list_latest_broken(snapshot, _MAX_LISTED),
        paused_endpoints=troubled_endpoints.count_paused(snapshot, now),
        troubled_endpoints=list({row.id: row for row in troubled}.values()),
        organization_names={each.id: each.name for each in organizations.list_all(snapshot)},
    )


def _describe_part(part: str, report: PartReport) -> PartFacts:
    return PartFacts(part=part, status=report.status.value, needed=not report.is_dispensable, fault=report.fault)


def _describe_backup(state: SystemState, conditions: Mapping[SystemCondition, Judgement], now: int) -> BackupFacts:
    judgement = conditions.get(SystemCondition.BACKUP_LATE)
    return BackupFacts(
        last_at=format_instant(state.last_backup_at),
        age_seconds=None if state.last_backup_at is None else max(now - state.last_backup_at, 0) // SECOND,
        late=judgement is not None and judgement.is_present,
    )
