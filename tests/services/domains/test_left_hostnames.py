"""What an organization has removed does not come back by an import of the whole zone."""

from dcvd.core.domains.adoption import HostnameSelection
from dcvd.core.jobs import JobState
from dcvd.services.domains import additions, removals
from dcvd.store.organizations.organizations import Organization
from tests.faults import fault, heal
from tests.jobs.ward import NAME, Ward
from tests.services.domains.imports import Theirs, adopted, refusal, run
from tests.services.views import all_jobs

OWN = {"method": "http", "type": "dv", "custom_certificate": "PEM", "custom_key": "KEY"}
NAMED = HostnameSelection(only=frozenset({NAME}))


async def test_a_hostname_that_was_left_comes_back_by_its_name_alone(ward: Ward, theirs: Theirs) -> None:
    await theirs.make(ssl=OWN)
    domain = await adopted(ward)
    await removals.remove(ward.context, ward.org, domain.id)
    for dry_run in (True, False):
        assert refusal((await run(ward, dry_run=dry_run))[NAME]) == "hostname_left"
    assert (await run(ward, NAMED, dry_run=True))[NAME].outcome == "would_adopt"
    assert (await run(ward, NAMED))[NAME].outcome == "adopted"
    assert (await run(ward))[NAME].outcome == "exists"


async def test_a_hostname_whose_removal_failed_for_good_does_not_come_back(ward: Ward, theirs: Theirs) -> None:
    await theirs.make()
    domain = await adopted(ward)
    await removals.remove(ward.context, ward.org, domain.id)
    await fault(ward.sandbox, method="DELETE", kind="status", status=400)
    while await ward.pending():
        await ward.work()
    await heal(ward.sandbox)
    (job,) = await all_jobs(ward.context, ward.org)
    assert job.state is JobState.DEAD
    assert refusal((await run(ward))[NAME]) == "hostname_left"


async def test_another_organization_is_not_held_up_by_it(ward: Ward, theirs: Theirs, rival: Organization) -> None:
    await theirs.make(ssl=OWN)
    domain = await adopted(ward)
    await removals.remove(ward.context, ward.org, domain.id)
    other = Ward(ward.context, ward.cloudflare, ward.sandbox, ward.clock, rival.id)
    assert (await run(other))[NAME].outcome == "adopted"


async def test_one_that_was_added_again_is_there(ward: Ward, theirs: Theirs) -> None:
    await theirs.make(ssl=OWN)
    domain = await adopted(ward)
    await removals.remove(ward.context, ward.org, domain.id)
    await additions.add(ward.context, ward.org, NAME)
    await ward.work()
    assert (await run(ward))[NAME].outcome == "exists"
