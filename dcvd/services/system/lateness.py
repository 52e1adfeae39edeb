"""Find what is late: checks, jobs and deliveries that have been due for too long."""

from collections.abc import Iterator

from dcvd.config import Config
from dcvd.core.durations import format_span
from dcvd.core.instants import to_milliseconds
from dcvd.core.jobs import JobState
from dcvd.core.system.lateness import is_check_late, is_delivery_late, is_job_late
from dcvd.core.webhooks.health import HealthState
from dcvd.services.figures import Figures
from dcvd.services.lifecycle.remedy_jobs import REGISTER


def find_late_checks(figures: Figures) -> str | None:
    """Find checks that are late, and say so in a sentence; None where none is."""
    late = []
    for lane, due_at in figures.oldest_checks_due_at.items():
        late_ms = figures.at - due_at
        if is_check_late(lane, late_ms):
            late.append(f"in the lane {lane.name.lower()} for {format_span(late_ms)}")
    if not late:
        return None
    return f"Checks of domains have been due {' and '.join(late)}: see whether Cloudflare and the resolvers answer."


def find_late_jobs(figures: Figures, config: Config) -> str | None:
    """Find jobs that are late, and say so in a sentence; None where none is."""
    late = [f"{kind} for {format_span(late_ms)}" for kind, late_ms in _list_late_jobs(figures, config)]
    return f"Jobs have been due: {', '.join(late)}." if late else None


def _list_late_jobs(figures: Figures, config: Config) -> Iterator[tuple[str, int]]:
    for kind, due_at in figures.oldest_jobs_due_at.items():
        late_ms = figures.at - due_at
        pending = figures.jobs.get((kind, JobState.PENDING), 0)
        per_minute = config.cloudflare.certificates_per_minute if kind == REGISTER.name else 0
        if is_job_late(late_ms, pending=pending, starts_per_minute=per_minute):
            yield kind, late_ms


def find_late_deliveries(figures: Figures) -> str | None:
    """Find deliveries to healthy endpoints that are late, and say so in a sentence; None where none is."""
    due_at = figures.oldest_deliveries_due_at.get(HealthState.HEALTHY)
    late_ms = to_milliseconds(figures.measure_delay_s(due_at))
    if not is_delivery_late(late_ms):
        return None
    return f"A delivery to a healthy endpoint has been due for {format_span(late_ms)}."
