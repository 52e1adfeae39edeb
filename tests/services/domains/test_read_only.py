"""Hostnames that an edit could destroy are watched, and left as they are."""

from typing import Any

import aiohttp
import pytest

from dcvd.core.custom_hostnames.read_only import ReadOnlyReason
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.instants import DAY
from dcvd.services.domains import additions, moves, removals
from dcvd.store.organizations.organizations import Organization
from tests.jobs.ward import NAME, Ward
from tests.services.domains.imports import Theirs, adopted

OWN = {"method": "http", "type": "dv", "custom_certificate": "PEM", "custom_key": "KEY"}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"ssl": OWN}, ReadOnlyReason.CUSTOM_CERTIFICATE),
        ({"ssl": {"method": "email", "type": "dv"}}, ReadOnlyReason.METHOD),
        ({"ssl": None}, ReadOnlyReason.NO_CERTIFICATE),
    ],
)
async def test_what_an_edit_could_destroy_is_adopted_and_only_read(
    ward: Ward, theirs: Theirs, members: dict[str, Any], reason: ReadOnlyReason
) -> None:
    cf_id = await theirs.make(**members)
    before = await theirs.show(cf_id)
    domain = await adopted(ward)
    assert domain.read_only is reason
    for right in (True, False, False, True):
        domain = await ward.look(domain.id, dns=right)
        await ward.work()
        ward.clock.advance(4 * DAY)
    assert domain.read_only is reason
    assert (ward.calls("PATCH"), await theirs.show(cf_id)) == (0, before)


async def test_a_hostname_without_a_certificate_is_managed_as_soon_as_one_is_ordered(
    ward: Ward, theirs: Theirs
) -> None:
    cf_id = await theirs.make(ssl=None)
    domain = await adopted(ward)
    await theirs.call("PATCH", f"/{cf_id}", {"ssl": {"method": "http", "type": "dv"}})
    assert (await ward.look(domain.id)).read_only is None


async def test_the_removal_of_one_that_is_only_read_leaves_it(ward: Ward, theirs: Theirs) -> None:
    cf_id = await theirs.make(ssl=OWN)
    domain = await adopted(ward)
    await removals.remove(ward.context, ward.org, domain.id)
    await ward.work()
    assert (await theirs.show(cf_id))["status"] == "active"


async def test_one_that_is_only_read_is_removed_with_its_domain_where_that_is_asked_for(
    ward: Ward, theirs: Theirs
) -> None:
    cf_id = await theirs.make(ssl=OWN)
    domain = await adopted(ward)
    await removals.remove(ward.context, ward.org, domain.id, remove_hostname=True)
    await ward.work()
    with pytest.raises(aiohttp.ClientResponseError, match="404"):
        await theirs.show(cf_id)


async def test_a_hostname_that_is_left_goes_to_the_next_claim_on_its_name(
    ward: Ward, theirs: Theirs, rival: Organization
) -> None:
    cf_id = await theirs.make(ssl=OWN)
    domain = await adopted(ward)
    claim = await additions.add(ward.context, rival.id, NAME)
    other = Ward(ward.context, ward.cloudflare, ward.sandbox, ward.clock, rival.id)
    await other.work()
    assert (await other.domain(claim.id)).is_parked
    await removals.remove(ward.context, ward.org, domain.id)
    await ward.work()
    await other.work()
    heir = await other.domain(claim.id)
    assert (heir.cf_id, heir.read_only) == (cf_id, ReadOnlyReason.CUSTOM_CERTIFICATE)


async def test_a_move_to_another_organization_keeps_what_is_only_read(
    ward: Ward, theirs: Theirs, rival: Organization
) -> None:
    cf_id = await theirs.make(ssl={"method": "email", "type": "dv"}, custom_metadata={"a": "b"})
    domain = await adopted(ward)
    moved = await moves.move(ward.context, rival.id, NAME)
    assert (moved.cf_id, moved.read_only, moved.kept_settings) == (cf_id, ReadOnlyReason.METHOD, domain.kept_settings)
    other = Ward(ward.context, ward.cloudflare, ward.sandbox, ward.clock, rival.id)
    await other.work()
    assert (ward.calls("PATCH"), (await other.look(moved.id)).read_only) == (0, ReadOnlyReason.METHOD)


async def test_one_that_is_only_read_and_deleted_at_cloudflare_is_not_registered_again(
    ward: Ward, theirs: Theirs
) -> None:
    await theirs.make(ssl=OWN)
    domain = await adopted(ward)
    ward.sandbox.world.delete(NAME)
    domain = await ward.look(domain.id)
    await ward.work()
    assert (domain.cf_id, domain.status, ward.calls("POST")) == (None, DomainStatus.ERROR, 1)
    assert domain.error is not None
    assert "only read" in domain.error.message
