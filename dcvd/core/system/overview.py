"""The overview of the whole, as operators see it: by `GET /operator/status`, and by the commands `status` and `top`.

Members are camelCase in JSON. Instants are RFC 3339 in UTC, and ages whole seconds.
"""

from typing import Literal

from msgspec import Struct

Weight = Literal["bad", "warning", "note"]
"""Of a problem: `bad` hurts now, `warning` will or may, and of a `note` others have to take care."""


class Problem(Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that somebody has to know. message: what is so. advice: what to do, or which command shows more."""

    code: str
    weight: Weight
    message: str
    advice: str


class DaemonFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    """The daemon that serves. addresses: where tenants reach it."""

    pid: int
    started_at: str
    uptime_seconds: int
    addresses: list[str]
    socket: str


class Oldest(Struct, frozen=True, kw_only=True, rename="camel"):
    """What waits longest: since when it has been due, and for how many seconds. `late`: whether that is too long."""

    due_at: str
    late_seconds: int
    late: bool


class DomainSort(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many domains are alike. waitsFor: who has to act before they are ready; null for those that are."""

    status: str
    waits_for: str | None
    broken: bool
    count: int


class BrokenDomain(Struct, frozen=True, kw_only=True, rename="camel"):
    """A domain that was ready and is not. code: of its error, else of its first finding."""

    id: str
    name: str
    organization: str
    status: str
    waits_for: str | None
    code: str | None
    since: str


class DomainFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """Domains by status and by who has to act, and the latest few of those that are broken."""

    total: int
    ready: int
    by_status: dict[str, int]
    waiting_for: dict[str, int]
    sorts: list[DomainSort]
    broken: int
    broken_for_operator: int
    latest_broken: list[BrokenDomain]


class CertificateFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """Certificates that expire within so many days, each number with those before it, and renewals that are overdue."""

    within_7_days: int
    within_14_days: int
    within_30_days: int
    expired: int
    overdue_renewals: int


class ZoneFaultFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    code: str
    message: str
    since: str


class CloudflareFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of Cloudflare. token: `active`, `refused`, or `unknown` before it has answered.

    hostnames…: how many custom hostnames the zone has and may have, and when Cloudflare said so. requests…,
    certificates…: what is left of the limits; null where nothing limits them. waitingCalls: calls that wait for their
    turn. queuedRegistrations: hostnames that are to be registered. pausedSeconds: for how long Cloudflare wants no
    calls.
    """

    token: Literal["active", "refused", "unknown"]
    faults: list[ZoneFaultFacts]
    hostnames_used: int | None
    hostnames_allowed: int | None
    hostnames_asked_at: str | None
    requests_left: int | None
    requests_limit: int | None
    certificates_left: int | None
    certificates_limit: int | None
    waiting_calls: int
    waiting_certificates: int
    queued_registrations: int
    paused_seconds: int


class DeliveryFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """Deliveries that are not done. pending: with a time for the next attempt. waiting: behind an earlier event of the
    same domain. held: for endpoints that are disabled. dead: dead letters. oldest: to an endpoint that is healthy.
    """

    pending: int
    waiting: int
    held: int
    dead: int
    oldest: Oldest | None
    oldest_to_failing: Oldest | None


class JobFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """Jobs that are not done, by kind."""

    pending: dict[str, int]
    dead: dict[str, int]
    oldest: dict[str, Oldest]


class TroubledEndpoint(Struct, frozen=True, kw_only=True, rename="camel"):
    """An endpoint to which sending fails, or to which nothing is sent. `state`: failing, paused or disabled."""

    id: str
    organization: str
    url: str
    state: str
    reason: str | None
    since: str | None
    last_error: str | None


class EndpointFigures(Struct, frozen=True, kw_only=True, rename="camel"):
    """Endpoints by health, and some of those that are in trouble. paused: for a while, by what they answered."""

    healthy: int
    failing: int
    disabled: int
    paused: int
    troubled: list[TroubledEndpoint]


class DiskFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    """Room, in bytes. growthPerDay: null before an hour was seen."""

    path: str
    free_bytes: int | None
    floor_bytes: int
    database_bytes: int | None
    log_bytes: int | None
    growth_per_day: int | None


class BackupFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    last_at: str | None
    age_seconds: int | None
    late: bool


class ClockFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the machine's clock stands to the time that dcvd goes by. confirmed: whether something else says so too."""

    ahead_seconds: int
    confirmed: bool
    wrong: bool


class PartFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of `/ready`. fault: a sentence on what is wrong; null where it works."""

    part: str
    status: str
    needed: bool
    fault: str | None


class ChannelFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    """A way by which alerts reach the operator: `mail` or `chat`. recipients: how many of them there are."""

    channel: str
    recipients: int
    failing: bool


class SystemOverview(Struct, frozen=True, kw_only=True, rename="camel"):
    """All of it at one instant. problems: the worst first. daemon, cloudflare, clock: null where no daemon runs.

    ready: as `/ready` answers; null without a daemon. lastCommitAt: when something was stored last.
    """

    version: str
    at: str
    needs_operator: bool
    problems: list[Problem]
    daemon: DaemonFacts | None
    ready: str | None
    parts: list[PartFacts]
    last_commit_at: str | None
    domains: DomainFigures
    certificates: CertificateFigures
    cloudflare: CloudflareFacts | None
    checks: dict[str, Oldest]
    deliveries: DeliveryFigures
    jobs: JobFigures
    endpoints: EndpointFigures
    disk: DiskFacts
    backup: BackupFacts
    clock: ClockFacts | None
    alerts: list[ChannelFacts]
