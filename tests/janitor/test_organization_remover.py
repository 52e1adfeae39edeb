"""The deletion of organizations: what stands outside first, everything in the end, whatever cuts it off."""

import pytest
import structlog

from dcvd.core.domains.claims import proof_text
from dcvd.core.jobs import Job, JobState
from dcvd.core.zones.zone import ZoneStatus
from dcvd.errors import DcvdError, Permanent, StoreError
from dcvd.janitor import OrganizationRemover
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import deregistrations
from dcvd.services.tokens import suspension
from dcvd.services.zones import checks as zone_checks
from dcvd.services.zones import registry as zones
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import jobs
from dcvd.store.organizations.data import OWNED_TABLES, find_leftover
from tests.owned_rows import fill
from tests.providing import access_of
from tests.unreliable_database import Fate, UnreliableDatabase, strike


@pytest.fixture
def remover(context: Context) -> OrganizationRemover:
    return OrganizationRemover(context, access_of(context))


async def pending_deregistrations(context: Context, org_id: str) -> list[Job]:
    found = await context.database.read(
        lambda snapshot: jobs.list_of_org(snapshot, org_id, state=JobState.PENDING, before=None, limit=100)
    )
    return [job for job in found if job.kind == "deregister"]


async def finish_outside(context: Context, org_id: str) -> None:
    """What the worker and the maintenance of connections do: the hostnames are removed, and the tokens revoked."""
    for job in await pending_deregistrations(context, org_id):
        await queue.complete(context, job)

    def unit(tx: Transaction) -> None:
        tx.execute("DELETE FROM pending_revocations WHERE org_id = ?", (org_id,))

    await context.database.write(unit)


async def is_there(context: Context, org_id: str) -> bool:
    return org_id in {each.id for each in await organizations.list_all(context)}


async def fail_deregistrations(context: Context, org_id: str) -> None:
    """Cloudflare refuses to remove the hostnames, for good."""
    error: DcvdError = Permanent("no")
    for job in await pending_deregistrations(context, org_id):
        while (job := await queue.fail(context, job, error)).state is JobState.PENDING:
            pass


async def test_it_waits_for_what_stands_outside_and_then_leaves_nothing(
    context: Context, remover: OrganizationRemover, org: str, rival_org: str
) -> None:
    await fill(context, org, "acme")
    await fill(context, rival_org, "rival")
    await suspension.begin_deletion(context, org)
    assert await remover.run_once() == 1
    assert [job.domain_name for job in await pending_deregistrations(context, org)] == ["app.acme.customer.com"]
    assert await is_there(context, org)
    await finish_outside(context, org)
    assert await remover.run_once() == 0
    assert not await is_there(context, org)
    assert await context.database.read(lambda snapshot: find_leftover(snapshot, org)) is None
    for table in OWNED_TABLES:
        sql = f"SELECT count(*) FROM {table.name} WHERE org_id = ?"
        assert await context.database.read(lambda s, sql=sql: s.fetch_value(sql, (rival_org,))) > 0, table.name  # type: ignore[misc]


async def test_while_it_waits_the_organization_keeps_no_zone_from_others(
    context: Context, remover: OrganizationRemover, org: str, rival_org: str
) -> None:
    async def prove_zone(org_id: str) -> ZoneStatus:
        zone = await zones.add(context, org_id, "customer.test")
        await context.database.write(lambda tx: zone_checks.record(context, tx, zone.id, (proof_text(zone.id),)))
        return (await zones.get(context, org_id, zone.id)).status

    await additions.add(context, org, "www.customer.test")
    assert await prove_zone(org) is ZoneStatus.PROVED
    await suspension.begin_deletion(context, org)
    assert await remover.run_once() == 1, "a hostname is still to be removed"
    assert await prove_zone(rival_org) is ZoneStatus.PROVED


@pytest.mark.parametrize("fate", Fate)
@pytest.mark.parametrize("which", range(1, 20, 3))
@pytest.mark.sampled(4)
async def test_a_deletion_that_is_cut_off_goes_on(
    context: Context, database: UnreliableDatabase, org: str, which: int, fate: Fate
) -> None:
    await fill(context, org, "acme")
    await suspension.begin_deletion(context, org)
    strike(database, "OrganizationRemover.", which, fate)
    for _ in range(4):
        remover = OrganizationRemover(context, access_of(context))
        try:
            await remover.run_once()
        except StoreError:
            continue
        await finish_outside(context, org)
    assert not await is_there(context, org)


async def test_what_is_stored_meanwhile_is_removed_too(
    context: Context, remover: OrganizationRemover, org: str
) -> None:
    await suspension.begin_deletion(context, org)
    await additions.add(context, org, "late.customer.com")
    assert await remover.run_once() == 1
    await finish_outside(context, org)
    assert await remover.run_once() == 0


async def test_a_hostname_that_cloudflare_refuses_to_remove_holds_it_up_until_it_is_removed_or_left(
    context: Context, remover: OrganizationRemover, org: str
) -> None:
    await additions.add(context, org, "app.customer.com")
    await suspension.begin_deletion(context, org)
    await remover.run_once()
    await fail_deregistrations(context, org)
    with structlog.testing.capture_logs() as lines:
        assert [await remover.run_once() for _ in range(2)] == [1, 1]
    assert [line["event"] for line in lines].count("organization.hostnames_left") == 1
    assert await deregistrations.retry_dead(context, org) == 1
    assert len(await pending_deregistrations(context, org)) == 1
    await fail_deregistrations(context, org)
    assert await remover.run_once() == 1
    assert await deregistrations.forget_dead(context, org) == 1
    assert await remover.run_once() == 0
    assert not await is_there(context, org)
