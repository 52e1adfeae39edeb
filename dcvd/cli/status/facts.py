"""The facts of the overview, a label and its parts each."""

from collections.abc import Iterator, Mapping
from typing import Final

from dcvd.cli.status.lines import Line, format_fact
from dcvd.cli.terminal.columns import Tone
from dcvd.core.durations import format_bytes, format_span
from dcvd.core.instants import SECOND, from_rfc3339
from dcvd.core.numbers import count
from dcvd.core.system.overview import Oldest, SystemOverview

_ACTORS: Final = {
    "customer": "customers",
    "tenant": "tenants",
    "operator": "you",
    "cloudflare": "Cloudflare",
    "nobody": "nobody",
}
_LANES: Final = {
    "waiting": "of new domains",
    "routine": "of others",
    "failing": "without an answer",
}
_Fact = tuple[str, list[str], Tone]


def format_facts(overview: SystemOverview, width: int, examples: int) -> list[Line]:
    """Format every fact in lines of at most `width` characters.

    examples: how many are named of what is in trouble.
    """
    return [
        line
        for label, parts, tone in _list_facts(overview, examples)
        for line in format_fact(label, parts, width, tone)
    ]


def _list_facts(overview: SystemOverview, examples: int) -> Iterator[_Fact]:
    yield from _list_domains(overview, examples)
    yield from _list_cloudflare(overview)
    yield from _list_work(overview, examples)
    yield from _list_machine(overview)


def _list_domains(overview: SystemOverview, examples: int) -> Iterator[_Fact]:
    domains, certificates = overview.domains, overview.certificates
    statuses = [f"{number:,} {status}" for status, number in sorted(domains.by_status.items())]
    yield "Domains", [f"{domains.ready:,} of {domains.total:,} ready", *statuses], "plain"
    waiting = [
        f"{name} {domains.waiting_for[actor]:,}" for actor, name in _ACTORS.items() if actor in domains.waiting_for
    ]
    yield "Waiting for", waiting or ["nobody: none waits"], "plain"
    broken = [
        f"{each.name} ({each.code or each.status}, {_describe_age(overview, each.since)})"
        for each in domains.latest_broken[:examples]
    ]
    yield "Broken", [f"{domains.broken:,} served and do not now", *broken], "bad" if domains.broken else "plain"
    expiring = [
        f"7 d {certificates.within_7_days:,}",
        f"14 d {certificates.within_14_days:,}",
        f"30 d {certificates.within_30_days:,}",
        f"expired {certificates.expired:,}",
        f"overdue {certificates.overdue_renewals:,}",
    ]
    yield "Expiring", expiring, "doubtful" if certificates.within_7_days or certificates.overdue_renewals else "plain"


def _list_cloudflare(overview: SystemOverview) -> Iterator[_Fact]:
    cloudflare = overview.cloudflare
    if cloudflare is None:
        yield "Cloudflare", ["not known without a daemon"], "dim"
        return
    hostnames = (
        ""
        if cloudflare.hostnames_used is None
        else f"{cloudflare.hostnames_used:,} of {count(cloudflare.hostnames_allowed or 0, 'hostname')}"
    )
    if hostnames and cloudflare.hostnames_asked_at is not None:
        hostnames += f" ({_describe_age(overview, cloudflare.hostnames_asked_at)})"
    faults = [fault.code for fault in cloudflare.faults] or ["zone well"]
    yield (
        "Cloudflare",
        [f"token {cloudflare.token}", *faults, hostnames],
        "bad" if cloudflare.faults else "plain",
    )
    yield (
        "Budget",
        [
            _describe_left(cloudflare.requests_left, cloudflare.requests_limit, "requests"),
            _describe_left(cloudflare.certificates_left, cloudflare.certificates_limit, "certificates"),
            f"{cloudflare.waiting_calls:,} calls wait",
            f"{cloudflare.queued_registrations:,} to register",
        ],
        "plain",
    )


def _describe_left(left: int | None, limit: int | None, noun: str) -> str:
    return f"{noun} unlimited" if left is None or limit is None else f"{left:,} of {limit:,} {noun}"


def _list_work(overview: SystemOverview, examples: int) -> Iterator[_Fact]:
    checks = [f"{_LANES[lane]} {_describe_oldest(oldest)}" for lane, oldest in overview.checks.items()]
    yield "Checks", checks or ["none is due"], _tone_of(overview.checks)
    deliveries, jobs, endpoints = overview.deliveries, overview.jobs, overview.endpoints
    oldest = {"oldest": deliveries.oldest} if deliveries.oldest is not None else {}
    yield (
        "Deliveries",
        [
            f"{deliveries.pending:,} to send",
            *(f"{name} {_describe_oldest(each)}" for name, each in oldest.items()),
            f"{deliveries.waiting:,} behind others",
            f"{deliveries.held:,} held",
            f"{deliveries.dead:,} dead",
        ],
        _tone_of(oldest),
    )
    latest = [
        f"{kind} {_describe_oldest(each)}"
        for kind, each in sorted(jobs.oldest.items(), key=lambda item: -item[1].late_seconds)
    ]
    dead = [f"{number:,} {kind} dead" for kind, number in jobs.dead.items()] or ["0 dead"]
    yield "Jobs", [f"{sum(jobs.pending.values()):,} to do", *latest[:examples], *dead], _tone_of(jobs.oldest)
    yield (
        "Webhooks",
        [
            f"{endpoints.healthy:,} healthy",
            f"{endpoints.failing:,} failing",
            f"{endpoints.paused:,} paused",
            f"{endpoints.disabled:,} disabled",
        ],
        "doubtful" if endpoints.failing else "plain",
    )
    for each in endpoints.troubled[:examples]:
        reason = each.last_error or each.reason or ""
        yield f"  {each.state}", [f"{each.organization}: {each.url}", reason], "dim"


def _list_machine(overview: SystemOverview) -> Iterator[_Fact]:
    disk, backup, clock = overview.disk, overview.backup, overview.clock
    growth = disk.growth_per_day
    yield (
        "Disk",
        [
            "free space not known" if disk.free_bytes is None else f"{format_bytes(disk.free_bytes)} free",
            "" if disk.database_bytes is None else f"database {format_bytes(disk.database_bytes)}",
            "" if disk.log_bytes is None else f"log {format_bytes(disk.log_bytes)}",
            "" if growth is None else f"{'+' if growth >= 0 else '-'}{format_bytes(abs(growth))} a day",
        ],
        "bad" if disk.free_bytes is not None and disk.free_bytes < disk.floor_bytes else "plain",
    )
    last = "none is known" if backup.last_at is None else f"the last {_describe_age(overview, backup.last_at)}"
    yield "Backup", [last, "late" if backup.late else ""], "doubtful" if backup.late else "plain"
    if clock is not None:
        state = (
            f"{abs(clock.ahead_seconds)} s {'ahead' if clock.ahead_seconds > 0 else 'behind'}"
            if clock.wrong
            else "right"
        )
        confirmed = "confirmed" if clock.confirmed else "confirmed by nothing yet"
        yield "Clock", [state, confirmed], "bad" if clock.wrong else "plain"
    failing = [part.part for part in overview.parts if part.fault is not None]
    if overview.ready is not None:
        parts = [f"fails: {', '.join(failing)}"] if failing else [f"all {len(overview.parts)} work"]
        yield "Parts", [overview.ready, *parts], "doubtful" if failing else "plain"
    channels = [
        f"{each.channel} to {each.recipients:,}{' (fails)' if each.failing else ''}" for each in overview.alerts
    ]
    yield "Alerts", channels or ["nobody is told: see [alerts]"], "plain"
    if overview.last_commit_at is not None:
        yield "Stored", [f"the last change {_describe_age(overview, overview.last_commit_at)}"], "plain"


def _describe_oldest(oldest: Oldest) -> str:
    return f"due for {format_span(oldest.late_seconds * SECOND)}" if oldest.late_seconds else "due now"


def _describe_age(overview: SystemOverview, instant: str) -> str:
    age = from_rfc3339(overview.at) - from_rfc3339(instant)
    return "just now" if age < SECOND else f"{format_span(age)} ago"


def _tone_of(oldest: Mapping[str, Oldest]) -> Tone:
    return "doubtful" if any(each.late for each in oldest.values()) else "plain"
