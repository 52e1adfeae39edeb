"""What happens to a domain while Cloudflare creates its hostname: no hostname is left there that nobody has."""

from typing import Final

import pytest

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.claims import proof_text
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import HOUR
from dcvd.core.jobs import Job
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.janitor import OrganizationRemover
from dcvd.jobs.definitions import JOB_DEFINITIONS
from dcvd.jobs.selector import JobSelector
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, moves, queries, removals
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobServices
from dcvd.services.lifecycle import checks, register_job
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER
from dcvd.services.tokens import suspension
from tests.manual_clock import ManualClock
from tests.providing import access_of
from tests.services.views import all_jobs

NAME: Final = "www.customer.test"
CREATED: Final = CloudflareHostname(id="cf-1", hostname=NAME, status="pending", ssl_status="initializing")


async def registration(context: Context, org_id: str) -> Job:
    """The job that registers the organization's domain, as an attempt has begun it."""
    (job,) = [job for job in await all_jobs(context, org_id) if job.kind == "register"]
    return job


async def waiting_removals(context: Context, org_id: str) -> list[str | None]:
    """The hostnames that are still to be removed at Cloudflare, None for that of the name."""
    return [
        DEREGISTER.decode_payload(job).cf_id
        for job in await all_jobs(context, org_id)
        if job.kind == "deregister" and job.next_attempt_at is not None
    ]


def dns(domain: Domain, *texts: str) -> DnsObservation:
    return DnsObservation(
        DnsFacts(hostname=NAME, target=domain.cname_target, outcome="answered", exists=True, proof_texts=texts)
    )


async def test_of_a_claim_that_has_fallen_asleep_it_is_removed_again(
    context: Context, clock: ManualClock, org: str
) -> None:
    domain = await additions.add(context, org, NAME)
    job = await registration(context, org)
    while domain.dormant_since is None:
        clock.advance(6 * HOUR)
        checked = await checks.record(context, domain.id, [dns(domain)])
        assert checked is not None
        domain = checked
    assert await register_job.record_registered(context, job, CREATED) is None
    assert (await queries.get(context, org, domain.id)).cf_id is None
    assert "cf-1" in await waiting_removals(context, org)


@pytest.mark.parametrize("by_operator", [False, True])
async def test_of_a_claim_that_gave_way_it_is_adopted_by_whoever_has_the_name(
    context: Context, org: str, rival_org: str, by_operator: bool
) -> None:
    await additions.add(context, rival_org, NAME)
    job = await registration(context, rival_org)
    if by_operator:
        await moves.move(context, org, NAME)
    else:
        owner = await additions.add(context, org, NAME)
        await checks.record(context, owner.id, [dns(owner, proof_text(owner.id))])
    assert await register_job.record_registered(context, job, CREATED) is None
    assert await waiting_removals(context, rival_org) == []
    assert (await registration(context, org)).next_attempt_at is not None


async def test_of_a_claim_that_waited_for_another_to_be_removed_it_is_looked_for_by_its_name(
    context: Context, org: str, rival_org: str
) -> None:
    first, second = [await additions.add(context, each, NAME) for each in (rival_org, org)]
    await register_job.record_registered(context, await registration(context, rival_org), CREATED)
    await register_job.park(context, await registration(context, org))
    await removals.remove(context, rival_org, first.id)
    assert [job.kind for job in await all_jobs(context, org) if job.next_attempt_at is not None] == ["register"]
    await removals.remove(context, org, second.id)
    assert await waiting_removals(context, org) == [None]


async def test_the_deletion_of_its_organization_waits_until_it_is_known_and_removed(
    context: Context, cloudflare: CloudflareClient, org: str
) -> None:
    access = access_of(context)
    selector = JobSelector(JobServices(context, cloudflare, access), JOB_DEFINITIONS, 8)
    remover = OrganizationRemover(context, access)
    await additions.add(context, org, NAME)
    (running,) = await selector.select(8, ())
    await suspension.begin_deletion(context, org)
    assert await remover.run_once() == 1
    assert await selector.select(8, [running.id]) == [], "a removal would look for the name before it is there"
    await register_job.record_registered(context, running, CREATED)
    assert await waiting_removals(context, org) == [None, "cf-1"]
    while found := await selector.select(8, ()):
        for job in found:
            await queue.complete(context, job)
    assert await remover.run_once() == 0
    assert await organizations.list_all(context) == []


async def test_a_check_that_began_before_the_claim_fell_asleep_gives_it_no_hostname(
    context: Context, clock: ManualClock, org: str
) -> None:
    domain = await additions.add(context, org, NAME)
    await register_job.record_registered(context, await registration(context, org), CREATED)
    began_at = clock.now()
    while domain.dormant_since is None:
        began_at = clock.now()
        clock.advance(6 * HOUR)
        checked = await checks.record(context, domain.id, [dns(domain)])
        assert checked is not None
        domain = checked
    late = await checks.record(context, domain.id, [CREATED], asked_at=began_at)
    assert late is not None
    assert (late.cf_id, late.cf_status) == (None, None)


async def test_a_claim_that_takes_it_over_while_it_is_about_to_be_parked_has_it_made_as_ordered(
    context: Context, org: str, rival_org: str
) -> None:
    await additions.add(context, rival_org, NAME)
    await register_job.record_registered(context, await registration(context, rival_org), CREATED)
    await additions.add(context, org, NAME, wildcard=True)
    job = await registration(context, org)
    moved = await moves.move(context, org, NAME)
    assert moved.cf_id == "cf-1"
    assert not await register_job.park(context, job)
    assert (await registration(context, org)).next_attempt_at is not None, "the job goes on, and edits the hostname"
