"""Looks are recorded one by one or many at once, and what is older than what is stored changes nothing."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.events import EventType
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import DomainCheck
from dcvd.store import domains
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.views import event_names
from tests.sync.fleet import DAY, fleet, hostname, verified


async def _stored(context: Context, domain: Domain) -> Domain:
    found = await context.database.read(lambda snapshot: domains.get(snapshot, domain.id))
    assert found is not None
    return found


async def test_many_looks_share_one_unit_of_work_and_each_has_its_events(
    context: Context, organization: Organization
) -> None:
    made = await fleet(context, organization.id, 3)
    await context.database.write(lambda tx: domains.delete_all(tx, organization.id, [made[1].id]))
    seen = [DomainCheck(domain.id, [verified(domain), hostname(domain, "moved")]) for domain in made]
    looked = await checks.record_many(context, seen)
    assert [each and each.status for each in looked] == [DomainStatus.ERROR, None, DomainStatus.ERROR]
    assert await event_names(context, organization.id) == [EventType.DOMAIN_ERROR] * 2


@pytest.mark.parametrize(("asked_before", "believed"), [(0, True), (1, False)])
async def test_what_cloudflare_said_before_it_was_asked_again_is_left_out(
    context: Context, organization: Organization, asked_before: int, believed: bool
) -> None:
    (domain,) = await fleet(context, organization.id, 1, cf_checked_at=context.now())
    look = DomainCheck(domain.id, [verified(domain), hostname(domain, "moved")], context.now() - asked_before)
    (looked,) = await checks.record_many(context, [look])
    assert looked is not None
    assert (looked.status is DomainStatus.ERROR) is believed
    assert looked.dns_checked_at == context.now()
    assert looked.incomplete_checks == 0


async def test_a_clock_that_was_put_back_does_not_make_every_answer_old(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    (domain,) = await fleet(context, organization.id, 1, cf_checked_at=context.now())
    clock.advance(-DAY)
    look = DomainCheck(domain.id, [verified(domain), hostname(domain, "moved")], context.now())
    (looked,) = await checks.record_many(context, [look])
    assert looked is not None
    assert looked.status is DomainStatus.ERROR


async def test_a_hurried_domain_is_due_among_those_that_somebody_waits_for_until_its_look(
    context: Context, organization: Organization
) -> None:
    (domain,) = await fleet(context, organization.id, 1, due=-DAY)
    await checks.check_now(context, domain.id)
    assert await _due(context) == {CheckLane.WAITING: [domain.id]}
    await checks.record(context, domain.id, [verified(domain), hostname(domain)])
    assert await _due(context) == {}
    assert (await _stored(context, domain)).next_check_at > context.now()


async def test_only_so_many_due_ones_are_counted_as_are_asked_for_and_since_when(
    context: Context, organization: Organization
) -> None:
    await fleet(context, organization.id, 20, due=1000)
    await fleet(context, organization.id, 5, first=20, due=10)
    now = context.now()
    counts = await context.database.read(
        lambda snapshot: [
            domains.count_due_at_cloudflare(snapshot, after, now, most)
            for after, most in ((0, 100), (0, 7), (now - 500, 100), (now, 100))
        ]
    )
    assert counts == [25, 7, 5, 0]


async def test_the_holders_of_hostnames_are_found_and_the_rest_are_not_ours(
    context: Context, organization: Organization
) -> None:
    made = await fleet(context, organization.id, 5)
    wanted = [replace(domain) for domain in made[:3]]
    ids = [*(domain.cf_id or "" for domain in wanted), "cf-nobody", "'); DROP TABLE domains; --"]
    found = await context.database.read(lambda snapshot: domains.list_by_cloudflare_ids(snapshot, ids))
    assert sorted(domain.id for domain in found) == [domain.id for domain in wanted]


async def _due(context: Context) -> dict[CheckLane, list[str]]:
    now = context.now()
    found = await context.database.read(
        lambda snapshot: {kind: domains.list_due_ids(snapshot, kind, now, 10) for kind in CheckLane}
    )
    return {kind: ids for kind, ids in found.items() if ids}
