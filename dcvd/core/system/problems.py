"""What of an overview somebody has to know, the worst first, each with what to do."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from dcvd.core.numbers import choose, count
from dcvd.core.system.overview import Problem, SystemOverview, Weight
from dcvd.core.system_conditions import Judgement, SystemCondition

_OPERATORS_JOBS: Final = frozenset({"register", "deregister", "revalidate"})
"""The kinds of jobs that work at the operator's own zone; the others work for a tenant, who can retry them."""
_WEIGHTS: Final[tuple[Weight, ...]] = ("bad", "warning", "note")
_TOLD_ELSEWHERE: Final = frozenset({"cloudflare", "token", "clock", "disk", "backup"})
"""Parts of which another problem says more."""
_PART_ADVICE: Final = {
    "store": "Make room, or see the log: journalctl -u dcvd. Nothing is accepted until it stores again.",
    "sync": "dcvd doctor examines what checks need.",
    "jobs": "dcvd job list --status pending",
    "deliveries": "dcvd delivery list --status pending",
    "mail": "dcvd mail test ADDRESS tries it.",
}
_CONDITIONS: Final[Mapping[SystemCondition, tuple[Weight, str]]] = {
    SystemCondition.QUOTA_LOW: ("warning", "Ask Cloudflare for a higher quota, or remove domains."),
    SystemCondition.DISK_LOW: ("bad", "Make room: dcvd stores nothing once the disk is full."),
    SystemCondition.BACKUP_LATE: ("warning", "Run dcvd backup, and see systemctl status dcvd-backup.timer."),
    SystemCondition.CLOCK_WRONG: ("bad", "Set the clock, and have NTP keep it."),
}


def find_problems(overview: SystemOverview, conditions: Mapping[SystemCondition, Judgement]) -> list[Problem]:
    """Find the problems of an overview. `conditions`: those of the system, as far as they are known."""
    found = [
        *_find_in_service(overview),
        *_find_at_cloudflare(overview),
        *_find_conditions(conditions),
        *_find_among_domains(overview),
        *_find_in_backlog(overview),
        *_find_in_backups(overview),
    ]
    return sorted(found, key=lambda problem: _WEIGHTS.index(problem.weight))


def add_problems(overview: SystemOverview, conditions: Mapping[SystemCondition, Judgement]) -> SystemOverview:
    """Return the overview with its problems, and whether one of them needs the operator."""
    problems = find_problems(overview, conditions)
    return replace(overview, problems=problems, needs_operator=any(each.weight != "note" for each in problems))


def _find_in_service(overview: SystemOverview) -> Iterator[Problem]:
    if overview.daemon is None:
        since = "" if overview.last_commit_at is None else f" The last change was stored at {overview.last_commit_at}."
        yield Problem(
            code="no_daemon",
            weight="bad",
            message=f"No daemon runs, so nothing is checked and nothing is sent.{since}",
            advice="systemctl start dcvd, or dcvd serve.",
        )
    for part in overview.parts:
        if part.fault is None or part.part in _TOLD_ELSEWHERE:
            continue
        yield Problem(
            code=f"part_{part.part}",
            weight="bad" if part.needed else "warning",
            message=f"{part.part}: {part.fault}",
            advice=_PART_ADVICE.get(part.part, "dcvd doctor examines it."),
        )
    for channel in overview.alerts:
        if channel.failing:
            yield Problem(
                code="alerts_failing",
                weight="warning",
                message=f"Alerts by {channel.channel} do not go out.",
                advice="dcvd mail test ADDRESS tries it." if channel.channel == "mail" else "See alerts.targets_file.",
            )


def _find_at_cloudflare(overview: SystemOverview) -> Iterator[Problem]:
    cloudflare = overview.cloudflare
    if cloudflare is None:
        return
    for fault in cloudflare.faults:
        yield Problem(code=fault.code, weight="bad", message=fault.message, advice="dcvd doctor examines the zone.")
    if cloudflare.paused_seconds:
        yield Problem(
            code="cloudflare_paused",
            weight="note",
            message=f"Cloudflare wants no calls for another {cloudflare.paused_seconds} s.",
            advice="Nothing: what waits goes on then. Other tools may use up the same limit.",
        )


def _find_conditions(conditions: Mapping[SystemCondition, Judgement]) -> Iterator[Problem]:
    for condition, (weight, advice) in _CONDITIONS.items():
        judgement = conditions.get(condition)
        if judgement is not None and judgement.is_present:
            yield Problem(code=condition.value, weight=weight, message=judgement.message, advice=advice)


def _find_among_domains(overview: SystemOverview) -> Iterator[Problem]:
    domains, certificates = overview.domains, overview.certificates
    if domains.broken:
        yield Problem(
            code="domains_broken",
            weight="warning" if domains.broken_for_operator else "note",
            message=f"{count(domains.broken, 'domain')} served and {choose(domains.broken, 'does', 'do')} not now; "
            f"{domains.broken_for_operator:,} of them {choose(domains.broken_for_operator, 'waits', 'wait')} for you.",
            advice=f"dcvd diagnose {domains.latest_broken[0].name}" if domains.latest_broken else "dcvd domain list",
        )
    waiting = domains.waiting_for.get("operator", 0) - domains.broken_for_operator
    if waiting > 0:
        yield Problem(
            code="domains_wait_for_operator",
            weight="warning",
            message=f"{count(waiting, 'new domain')} {choose(waiting, 'waits', 'wait')} for you.",
            advice="dcvd domain list --not-ready --actor operator",
        )
    if certificates.overdue_renewals:
        yield Problem(
            code="renewals_overdue",
            weight="warning",
            message=f"{count(certificates.overdue_renewals, 'certificate')} should have been renewed.",
            advice="dcvd renewals lists them; dcvd domain show NAME says who has to act.",
        )
    if certificates.within_7_days:
        number = certificates.within_7_days
        yield Problem(
            code="certificates_expiring",
            weight="warning",
            message=f"{count(number, 'certificate')} {choose(number, 'expires', 'expire')} within 7 days.",
            advice="dcvd domain list --expiring 7d",
        )


def _find_in_backlog(overview: SystemOverview) -> Iterator[Problem]:
    for kind, number in overview.jobs.dead.items():
        yield Problem(
            code="jobs_dead",
            weight="warning" if kind in _OPERATORS_JOBS else "note",
            message=f"{count(number, f'{kind} job')} {choose(number, 'is', 'are')} dead, and not tried again.",
            advice="dcvd job causes, then dcvd job requeue KIND CODE",
        )
    if overview.deliveries.dead:
        yield Problem(
            code="deliveries_dead",
            weight="note",
            message=f"{count(overview.deliveries.dead, 'dead letter')}: deliveries that used their last attempt.",
            advice="dcvd delivery list --status dead",
        )
    endpoints = overview.endpoints
    troubles = []
    if endpoints.failing:
        troubles.append(f"{count(endpoints.failing, 'webhook')} {choose(endpoints.failing, 'fails', 'fail')}")
    if endpoints.disabled:
        troubles.append(f"{count(endpoints.disabled, 'webhook')} {choose(endpoints.disabled, 'is', 'are')} disabled")
    if troubles:
        yield Problem(
            code="endpoints_troubled",
            weight="note",
            message=f"{', '.join(troubles)}.",
            advice="dcvd webhook list",
        )


def _find_in_backups(overview: SystemOverview) -> Iterator[Problem]:
    if overview.backup.last_at is None:
        yield Problem(
            code="no_backup",
            weight="note",
            message="No backup of this database is known.",
            advice="dcvd backup FILE, or systemctl enable --now dcvd-backup.timer.",
        )
