"""An operator sees every renewal that is late, and none that is not."""

import sqlite3

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate, Domain, DomainStatus
from dcvd.core.domains.renewals import domain_renewal_overdue_at
from dcvd.core.instants import DAY, HOUR
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.lifecycle import renewals
from dcvd.store import domains as store
from dcvd.store.engine.migrate import load_migrations, migrate
from tests.manual_clock import ManualClock

LIVES = [6 * DAY + 16 * HOUR, 14 * DAY, 30 * DAY, 47 * DAY, 89 * DAY, 90 * DAY - 1000, 365 * DAY]


async def _serving(context: Context, org: str, name: str, certificate: Certificate) -> Domain:
    domain = await additions.add(context, org, name)
    serving = replace(domain, status=DomainStatus.ACTIVE, certificate=certificate)
    await context.database.write(lambda tx: store.update(tx, serving))
    return serving


@pytest.mark.parametrize("life", LIVES)
async def test_a_renewal_is_late_from_its_instant_on_until_another_certificate_serves(
    context: Context, org: str, clock: ManualClock, life: int
) -> None:
    now = context.now()
    first = Certificate(serial="01", issued_at=now, expires_at=now + life)
    domain = await _serving(context, org, "app.customer.com", first)
    late_from = domain_renewal_overdue_at(domain)
    assert late_from is not None
    assert now < late_from < first.expires_at
    clock.advance(late_from - now - 1)
    assert (await renewals.summarize_renewals(context)).count == 0
    clock.advance(1)
    found = await renewals.summarize_renewals(context)
    assert (found.count, [late.domain_name for late in found.late]) == (1, ["app.customer.com"])
    gone = replace(domain, status=DomainStatus.ERROR)
    await context.database.write(lambda tx: store.update(tx, gone))
    clock.advance(life)
    assert (await renewals.summarize_renewals(context)).count == 1
    second = Certificate(serial="02", issued_at=context.now(), expires_at=context.now() + life)
    renewed = replace(domain, certificate=second)
    await context.database.write(lambda tx: store.update(tx, renewed))
    assert (await renewals.summarize_renewals(context)).count == 0


async def test_the_latest_comes_first_and_all_are_counted_though_few_are_shown(
    context: Context, org: str, clock: ManualClock
) -> None:
    now = context.now()
    for number in range(3):
        left = (9 - number) * DAY
        ends = Certificate(issued_at=now + left - 90 * DAY, expires_at=now + left)
        await _serving(context, org, f"n{number}.customer.com", ends)
    found = await renewals.summarize_renewals(context, limit=2)
    assert (found.count, [late.domain_name for late in found.late]) == (3, ["n2.customer.com", "n1.customer.com"])


async def test_it_tells_by_lane_for_how_long_looks_have_been_due(
    context: Context, org: str, clock: ManualClock
) -> None:
    assert (await renewals.summarize_renewals(context)).behind_seconds == {"waiting": 0, "routine": 0, "failing": 0}
    await additions.add(context, org, "app.customer.com")
    clock.advance(2 * HOUR)
    assert (await renewals.summarize_renewals(context)).behind_seconds == {"waiting": 7200, "routine": 0, "failing": 0}


def test_the_migration_counts_what_is_there_already_by_the_same_rule() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, load_migrations()[:2])
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
    lives: list[tuple[int | None, int]] = [(1000, 1000 + life) for life in LIVES]
    lives += [(None, 400 * DAY), (500 * DAY, 400 * DAY)]
    for number, (issued_at, expires_at) in enumerate(lives):
        connection.execute(
            "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, dns_state, next_sync_at,"
            " created_at, updated_at, certificate_issued_at, expires_at)"
            " VALUES (?1, 'org_1', ?1, ?1, 'active', 'edge.net', 'verified', 1, 1, 1, ?2, ?3)",
            (f"dom_{number}", issued_at, expires_at),
        )
    migrate(connection)
    rows = connection.execute("SELECT renewal_overdue_at FROM domains ORDER BY id").fetchall()
    template = Domain(
        id="dom", org_id="org_1", name="a.b", status=DomainStatus.ACTIVE, cname_target="edge.net", next_check_at=1,
        created_at=1, updated_at=1,
    )  # fmt: skip
    expected = [
        domain_renewal_overdue_at(
            replace(template, certificate=Certificate(issued_at=issued_at, expires_at=expires_at))
        )
        for issued_at, expires_at in lives
    ]
    assert [late for (late,) in rows] == expected
    connection.close()
