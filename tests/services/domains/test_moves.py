"""An operator moves a name, with its hostname at Cloudflare, to another organization."""

import pytest

from dcvd.core.domains.claims import proof_text
from dcvd.core.domains.domain import Domain, Proof
from dcvd.errors import InvalidInput, NotFound
from dcvd.services.context import Context
from dcvd.services.domains import additions, moves
from tests.services.domains.test_claims import NAME, claims_on_name, dns, look, pending, pending_jobs, serving
from tests.services.views import bodies, event_names


async def hold(context: Context, org_id: str) -> Domain:
    """A domain that is proved and serves."""
    domain = await additions.add(context, org_id, NAME)
    return await look(context, domain, dns(domain, chain=domain.cname_target, text=proof_text(domain.id)), serving())


async def test_a_name_moves_with_its_hostname_to_an_organization_that_had_not_added_it(
    context: Context, org: str, rival_org: str
) -> None:
    held = await hold(context, org)
    moved = await moves.move(context, rival_org, f"{NAME.upper()}.")
    assert (moved.org_id, moved.proof, moved.cf_id) == (rival_org, Proof.OPERATOR, held.cf_id)
    assert (moved.cname_target, moved.validation) == (held.cname_target, held.validation)
    assert [claim.id for claim in await claims_on_name(context)] == [moved.id]
    removed = (await bodies(context, org))[-1]
    assert (removed["event"], removed["data"]["reason"]) == ("domain.removed", "moved")
    assert removed["data"]["records_to_remove"] == [], "what stands in DNS is the new holder's"
    assert await event_names(context, rival_org) == ["domain.added"]
    assert await pending_jobs(context, org) == [], "its registration ends, and the hostname is not removed"
    active = await look(context, moved, dns(moved, chain=moved.cname_target), serving())
    assert active.is_ready


async def test_the_domain_that_the_organization_has_is_used_and_its_error_ends(
    context: Context, org: str, rival_org: str
) -> None:
    await hold(context, org)
    theirs = await additions.add(context, rival_org, NAME)
    refused = await look(context, theirs, dns(theirs, text=proof_text(theirs.id)))
    assert refused.error is not None
    moved = await moves.move(context, rival_org, NAME)
    assert (moved.id, moved.error, moved.proof) == (theirs.id, None, Proof.OPERATOR)
    assert [claim.id for claim in await claims_on_name(context)] == [theirs.id]


async def test_a_name_that_nobody_has_proved_moves_too(context: Context, org: str, rival_org: str) -> None:
    await look(context, await additions.add(context, org, NAME), pending())
    moved = await moves.move(context, rival_org, NAME)
    assert (moved.org_id, moved.cf_id) == (rival_org, "cf-1")


async def test_a_move_to_the_holder_changes_nothing(context: Context, org: str) -> None:
    held = await hold(context, org)
    events = await event_names(context, org)
    assert await moves.move(context, org, NAME) == held
    assert await event_names(context, org) == events


async def test_a_name_without_a_hostname_at_cloudflare_is_registered_for_whoever_gets_it(
    context: Context, org: str, rival_org: str
) -> None:
    await additions.add(context, org, NAME)
    await moves.move(context, rival_org, NAME)
    assert await pending_jobs(context, rival_org) == ["register"]
    assert await pending_jobs(context, org) == []


async def test_what_nobody_has_added_is_not_found(context: Context, org: str) -> None:
    with pytest.raises(NotFound, match="Nobody has added"):
        await moves.move(context, org, NAME)
    with pytest.raises(InvalidInput):
        await moves.move(context, org, "not a name")
    await additions.add(context, org, NAME)
    with pytest.raises(NotFound):
        await moves.move(context, "org_none", NAME)
