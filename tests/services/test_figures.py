"""The figures of the daemon's work are those of its rows at this moment."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.reason import find_awaited
from dcvd.core.domains.domain import Certificate, DomainError, DomainStatus, Finding, FindingActor, Severity
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.jobs import JobState
from dcvd.core.lifecycle.expiry_ranges import ExpiryRange, count_by_range
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.webhooks.deliveries import Backlog
from dcvd.core.webhooks.health import HealthState
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.figures import read_figures
from dcvd.services.webhooks import endpoints
from dcvd.store import domains as store
from tests.manual_clock import ManualClock


async def test_an_empty_database_has_no_figures_but_zeros(context: Context) -> None:
    figures = await read_figures(context)
    assert (figures.at, figures.domains, figures.jobs, figures.endpoints) == (context.now(), (), {}, {})
    assert figures.certificates == dict.fromkeys(ExpiryRange, 0)
    assert (figures.oldest_checks_due_at, figures.oldest_deliveries_due_at, figures.oldest_jobs_due_at) == ({}, {}, {})
    assert figures.measure_delay_s(None) == 0


async def test_domains_are_counted_by_status_and_by_whom_they_wait_for(context: Context, org: str) -> None:
    waiting = await additions.add(context, org, "new.customer.com")
    served = await additions.add(context, org, "serving.customer.com")
    broken = await additions.add(context, org, "broken.customer.com")
    certificate = Certificate(expires_at=context.now() + 5 * DAY)
    finding = Finding(code="cname_missing", severity="error", actor="customer", message="m")
    changed = [
        replace(
            served,
            status=DomainStatus.ACTIVE,
            certificate=certificate,
            latest_expires_at=certificate.expires_at,
            ready_since=1,
        ),
        replace(broken, status=DomainStatus.ACTIVE, broken_since=1, findings=(finding,)),
    ]
    for each in changed:
        await context.database.write(lambda tx, each=each: store.update(tx, each))  # type: ignore[misc]
    figures = await read_figures(context)
    assert {(each.status, each.waits_for, each.is_broken, each.is_ready, each.count) for each in figures.domains} == {
        (waiting.status, "nobody", False, False, 1),
        (DomainStatus.ACTIVE, None, False, True, 1),
        (DomainStatus.ACTIVE, "customer", True, False, 1),
    }
    assert figures.certificates[ExpiryRange.FROM_3] == 1


@pytest.mark.parametrize(
    ("findings", "error", "is_ready", "actor"),
    [
        ([], None, True, None),
        ([("error", "customer")], None, True, None),
        ([], None, False, "nobody"),
        ([], DomainError("blocked", "m"), False, "operator"),
        ([("error", "customer")], DomainError("blocked", "m"), False, "customer"),
        ([("warning", "operator"), ("info", "customer")], None, False, "operator"),
        ([("info", "customer")], None, False, "nobody"),
    ],
)
async def test_who_has_to_act_is_what_the_gravest_finding_says(
    context: Context,
    org: str,
    findings: list[tuple[Severity, FindingActor]],
    error: DomainError | None,
    is_ready: bool,
    actor: FindingActor | None,
) -> None:
    domain = replace(
        await additions.add(context, org, "app.customer.com"),
        findings=tuple(
            Finding(code=f"c{at}", severity=severity, actor=who, message="m")
            for at, (severity, who) in enumerate(findings)
        ),
        error=error,
        ready_since=1 if is_ready else None,
    )
    assert find_awaited(domain) == actor
    await context.database.write(lambda tx: store.update(tx, domain))
    assert [each.waits_for for each in (await read_figures(context)).domains] == [actor]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (-1, ExpiryRange.EXPIRED),
        (0, ExpiryRange.UNDER_1),
        (DAY - 1, ExpiryRange.UNDER_1),
        (DAY, ExpiryRange.FROM_1),
        (3 * DAY, ExpiryRange.FROM_3),
        (7 * DAY, ExpiryRange.FROM_7),
        (14 * DAY, ExpiryRange.FROM_14),
        (30 * DAY, ExpiryRange.FROM_30),
        (60 * DAY - 1, ExpiryRange.FROM_30),
        (60 * DAY, ExpiryRange.FROM_60),
        (4000 * DAY, ExpiryRange.FROM_60),
    ],
)
def test_a_certificate_is_counted_in_one_range_by_what_it_has_left(left: int, expected: ExpiryRange) -> None:
    now = 500_000 * HOUR
    counts = count_by_range([((now + left) // HOUR, 4)], now)
    assert counts == {each: 4 if each is expected else 0 for each in ExpiryRange}


async def test_what_is_due_is_late_from_that_instant_on(context: Context, org: str, clock: ManualClock) -> None:
    endpoint, _ = await endpoints.create(context, org, url="https://hooks.example.com/", events=["*"])
    domain = await additions.add(context, org, "app.customer.com")
    clock.advance(MINUTE)
    await removals.remove(context, org, domain.id)
    clock.advance(MINUTE)
    figures = await read_figures(context)
    assert {key: figures.measure_delay_s(due_at) for key, due_at in figures.oldest_deliveries_due_at.items()} == {
        HealthState.HEALTHY: 120
    }
    assert figures.deliveries == {
        (HealthState.HEALTHY, Backlog.PENDING): 1,
        (HealthState.HEALTHY, Backlog.WAITING): 1,
    }
    assert (figures.count_backlog(Backlog.PENDING), figures.count_backlog(Backlog.WAITING)) == (1, 1)
    await context.database.write(
        lambda tx: tx.execute(
            "UPDATE webhook_endpoints SET paused_until = ? WHERE id = ?", (context.now() - 1000, endpoint.id)
        )
    )
    assert (await read_figures(context)).oldest_deliveries_due_at == {HealthState.HEALTHY: context.now() - 1000}
    await context.database.write(
        lambda tx: tx.execute(
            "UPDATE webhook_endpoints SET health = 'disabled', disabled_reason = 'manual' WHERE id = ?", (endpoint.id,)
        )
    )
    figures = await read_figures(context)
    assert (figures.oldest_deliveries_due_at, figures.count_held()) == ({}, 2)
    assert (figures.count_backlog(Backlog.PENDING), figures.endpoints[HealthState.DISABLED]) == (0, 1)


async def test_jobs_and_checks_are_counted_with_the_longest_due_of_each_kind(
    context: Context, org: str, clock: ManualClock
) -> None:
    await additions.add(context, org, "first.customer.com")
    first_at = context.now()
    clock.advance(HOUR)
    await additions.add(context, org, "second.customer.com")
    figures = await read_figures(context)
    assert figures.jobs == {("register", JobState.PENDING): 2}
    assert figures.oldest_jobs_due_at == {"register": first_at}
    assert figures.oldest_checks_due_at == {CheckLane.WAITING: first_at}
    assert figures.measure_delay_s(figures.oldest_checks_due_at[CheckLane.WAITING]) == 3600
