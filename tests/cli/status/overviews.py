"""Overviews for tests of how they are shown."""

from msgspec.structs import replace

from dcvd.core.instants import to_rfc3339
from dcvd.core.system.overview import (
    BackupFacts,
    BrokenDomain,
    CertificateFigures,
    ChannelFacts,
    ClockFacts,
    CloudflareFacts,
    DaemonFacts,
    DeliveryFigures,
    DiskFacts,
    DomainFigures,
    EndpointFigures,
    JobFigures,
    Oldest,
    PartFacts,
    Problem,
    SystemOverview,
    TroubledEndpoint,
    ZoneFaultFacts,
)
from dcvd.core.system.problems import add_problems

NOW = 1_800_000_000_000


def quiet() -> SystemOverview:
    """A daemon that serves, and has nothing to tell."""
    overview = SystemOverview(
        version="1.2.3",
        at=to_rfc3339(NOW),
        needs_operator=False,
        problems=[],
        daemon=DaemonFacts(
            pid=4711,
            started_at=to_rfc3339(NOW - 7_200_000),
            uptime_seconds=7200,
            addresses=["http://127.0.0.1:8080"],
            socket="/run/dcvd.sock",
        ),
        ready="ok",
        parts=[PartFacts(part="store", status="ok", needed=True, fault=None)],
        last_commit_at=to_rfc3339(NOW - 3000),
        domains=DomainFigures(
            total=500,
            ready=500,
            by_status={"active": 500},
            waiting_for={},
            sorts=[],
            broken=0,
            broken_for_operator=0,
            latest_broken=[],
        ),
        certificates=CertificateFigures(
            within_7_days=0, within_14_days=0, within_30_days=3, expired=0, overdue_renewals=0
        ),
        cloudflare=CloudflareFacts(
            token="active",
            faults=[],
            hostnames_used=500,
            hostnames_allowed=5000,
            hostnames_asked_at=to_rfc3339(NOW - 300_000),
            requests_left=1190,
            requests_limit=1200,
            certificates_left=15,
            certificates_limit=15,
            waiting_calls=0,
            waiting_certificates=0,
            queued_registrations=0,
            paused_seconds=0,
        ),
        checks={},
        deliveries=DeliveryFigures(pending=0, waiting=0, held=0, dead=0, oldest=None, oldest_to_failing=None),
        jobs=JobFigures(pending={}, dead={}, oldest={}),
        endpoints=EndpointFigures(healthy=7, failing=0, disabled=0, paused=0, troubled=[]),
        disk=DiskFacts(
            path="/var/lib/dcvd/dcvd.db",
            free_bytes=50 << 30,
            floor_bytes=1 << 30,
            database_bytes=1234 << 20,
            log_bytes=3 << 20,
            growth_per_day=12 << 20,
        ),
        backup=BackupFacts(last_at=to_rfc3339(NOW - 3_600_000), age_seconds=3600, late=False),
        clock=ClockFacts(ahead_seconds=0, confirmed=True, wrong=False),
        alerts=[ChannelFacts(channel="mail", recipients=2, failing=False)],
    )
    return add_problems(overview, {})


def troubled() -> SystemOverview:
    """One in which everything that can be wrong is."""
    calm = quiet()
    assert calm.cloudflare is not None
    long = (
        "Cloudflare refuses the API token, so that all hostnames wait: put in another one." + " Cloudflare said so." * 6
    )
    broken = [
        BrokenDomain(
            id=f"dom_{number}",
            name=f"a-rather-long-name-{number}.customer-with-a-long-name.example",
            organization="Acme",
            status="error",
            waits_for="operator",
            code="hostname_differs",
            since=to_rfc3339(NOW - 60_000 * number),
        )
        for number in range(10)
    ]
    late = Oldest(due_at=to_rfc3339(NOW - 86_400_000), late_seconds=86_400, late=True)
    overview = replace(
        calm,
        ready="failing",
        parts=[
            *calm.parts,
            PartFacts(part="resolvers", status="failing", needed=True, fault="None of 1.1.1.1, 8.8.8.8 answers."),
            PartFacts(part="jobs", status="failing", needed=False, fault="Jobs have been due: register for 1 d."),
            PartFacts(part="sync", status="failing", needed=False, fault="Checks of domains have been due for 2 h."),
        ],
        domains=replace(
            calm.domains,
            ready=10,
            by_status={"active": 100, "error": 300, "issuing": 50, "pending_cname": 50},
            waiting_for={"customer": 200, "tenant": 3, "operator": 90, "cloudflare": 190, "nobody": 7},
            broken=40,
            broken_for_operator=12,
            latest_broken=broken,
        ),
        certificates=replace(calm.certificates, within_7_days=20, within_14_days=30, expired=2, overdue_renewals=9),
        cloudflare=replace(
            calm.cloudflare,
            token="refused",
            faults=[
                ZoneFaultFacts(code="cloudflare_unauthorized", message=long, since=to_rfc3339(NOW)),
                ZoneFaultFacts(code="fallback_origin", message="There is no fallback origin.", since=to_rfc3339(NOW)),
            ],
            paused_seconds=120,
            waiting_calls=300,
            queued_registrations=1000,
        ),
        checks={"waiting": late, "routine": late, "failing": late},
        deliveries=DeliveryFigures(pending=90_000, waiting=5, held=7, dead=123, oldest=late, oldest_to_failing=late),
        jobs=JobFigures(
            pending={"register": 1000, "write_dns": 4},
            dead={"register": 2, "write_dns": 9, "refresh_token": 1},
            oldest={"register": late, "write_dns": late},
        ),
        endpoints=EndpointFigures(
            healthy=7,
            failing=3,
            disabled=2,
            paused=1,
            troubled=[
                TroubledEndpoint(
                    id=f"wh_{number}",
                    organization="Acme",
                    url=f"https://hooks.example.com/a/very/long/path/{number}\x1b[2J",
                    state="failing",
                    reason=None,
                    since=to_rfc3339(NOW - 1),
                    last_error="connection refused by 203.0.113.7 port 443, and so on for quite a while",
                )
                for number in range(6)
            ],
        ),
        backup=BackupFacts(last_at=None, age_seconds=None, late=False),
        clock=ClockFacts(ahead_seconds=-90, confirmed=False, wrong=True),
        alerts=[ChannelFacts(channel="mail", recipients=2, failing=True)],
    )
    return add_problems(overview, {})


def with_problems(number: int) -> SystemOverview:
    """One with so many problems."""
    made = [Problem(code=f"p{at}", weight="bad", message=f"Problem {at}.", advice="Look.") for at in range(number)]
    return replace(quiet(), problems=made, needs_operator=True)
