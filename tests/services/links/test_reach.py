"""Whatever a customer tries, in whatever order: their link reaches one domain, and it stays that one."""

import random
from typing import Final

import pytest

from dcvd.core.domains.additions import DomainRequest
from dcvd.core.instants import DAY
from dcvd.errors import Conflict, DcvdError, Forbidden, NotFound, Unauthenticated
from dcvd.services.context import Context
from dcvd.services.diagnosis import diagnose_stored
from dcvd.services.domains import additions, details, removals
from dcvd.services.domains.shared_additions import SharedAdditions
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.services.links import creation, revocation
from dcvd.services.reach import check_domain
from dcvd.services.tokens.authentication import KeptCallers, act_as
from dcvd.store.organizations.organizations import Organization

NAMES: Final = [f"www.n{number}.com" for number in range(6)]


async def context_of(context: Context, token: str) -> Context:
    """The context of the bearer of a link, who is authenticated for each request anew."""
    return act_as(context, await KeptCallers(context).authenticate(token))


async def add(context: Context, org_id: str, name: str) -> str:
    added = await details.add(
        context,
        QueuePositions(context),
        SharedAdditions(),
        org_id,
        DomainRequest(domain_name=name),
        actor=context.caller.actor,
    )
    return added.domain.id


@pytest.mark.parametrize("seed", range(8))
async def test_a_link_never_reaches_a_second_domain(
    context: Context, organization: Organization, rival: Organization, seed: int
) -> None:
    source = random.Random(seed)
    there = [(await additions.add(context, org.id, name)).id for org in (organization, rival) for name in NAMES[:2]]
    is_new = bool(seed % 2)
    link = await creation.create(context, organization.id, domain_id=None if is_new else there[0], lifetime_ms=DAY)
    token, own = link.token.reveal(), None if is_new else there[0]
    stale = await context_of(context, token)
    for _ in range(40):
        # A request that began before the link had its domain goes on with what it was then.
        customer = source.choice([stale, await context_of(context, token)])
        name, target = source.choice(NAMES), source.choice([*there, own or there[1]])
        if source.random() < 0.5:
            try:
                added = await add(customer, organization.id, name)
            except (Conflict, Forbidden):
                continue
            assert is_new
            assert own in (None, added), "a second domain was added"
            own = added
            continue
        reach = customer.caller.domains
        assert reach is not None
        assert len(reach.ids) <= 1
        try:
            await check_domain(customer, reach, target)
            shown = await diagnose_stored(customer, organization.id, target)
        except NotFound:
            continue
        assert shown.domain.id == own
    if own is not None:
        reach = (await context_of(context, token)).caller.domains
        assert reach is not None
        assert reach.ids == {own}


async def test_of_two_names_that_are_added_at_once_one_is_the_links(
    context: Context, organization: Organization
) -> None:
    link = await creation.create(context, organization.id, domain_id=None, lifetime_ms=DAY)
    customer = await context_of(context, link.token.reveal())
    first = await add(customer, organization.id, NAMES[0])
    with pytest.raises(Conflict) as caught:
        await add(customer, organization.id, NAMES[1])
    assert caught.value.code == "link_used"
    assert await add(customer, organization.id, NAMES[0]) == first


async def test_a_name_that_is_refused_does_not_use_the_link_up(context: Context, organization: Organization) -> None:
    await additions.add(context, organization.id, NAMES[0])
    link = await creation.create(context, organization.id, domain_id=None, lifetime_ms=DAY)
    customer = await context_of(context, link.token.reveal())
    for name in (NAMES[0], "no name", "com"):
        with pytest.raises(DcvdError):
            await add(customer, organization.id, name)
    assert (await add(customer, organization.id, NAMES[1])).startswith("dom_")


@pytest.mark.parametrize("end", ["revoked", "domain removed"])
async def test_no_transaction_by_a_link_that_ended_stores_anything(
    context: Context, organization: Organization, end: str
) -> None:
    link = await creation.create(context, organization.id, domain_id=None, lifetime_ms=DAY)
    customer = await context_of(context, link.token.reveal())
    if end == "revoked":
        await revocation.revoke(context, organization.id, link.link.id)
    else:
        domain_id = await add(customer, organization.id, NAMES[0])
        await removals.remove(context, organization.id, domain_id, remove_records=False, actor="daemon")
    with pytest.raises(Unauthenticated):
        await add(customer, organization.id, NAMES[1])
