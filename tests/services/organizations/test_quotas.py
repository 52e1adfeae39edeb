"""What one organization may have, counted in the transaction that stores it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from dcvd.config.limits_section import LimitsConfig
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.instants import MINUTE
from dcvd.core.organizations.quotas import Quota
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.errors import InvalidInput, NotFound, QuotaReached
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import AddLineResult, BulkAdditions, validate_line
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.organizations import quotas
from dcvd.services.tokens import changes, expiry, minting, revocation
from dcvd.services.webhooks import endpoints
from dcvd.services.zones import registry
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization
from dcvd.store.tokens import tokens
from tests.dns_provider import connect
from tests.manual_clock import ManualClock

Add = Callable[[Context, str], Awaitable[object]]


async def _add_endpoint(context: Context, org_id: str) -> tuple[Endpoint, Secret]:
    return await endpoints.create(context, org_id, url="https://hook.example.com/", events=["domain.active"])


async def _add_token(context: Context, org_id: str) -> minting.MintedToken:
    return await minting.create(context, org_id, name="ci", role=Role.MEMBER, expires_at=None)


async def _add_domain(context: Context, org_id: str) -> object:
    return await additions.add(context, org_id, f"n{context.random_bytes(4).hex()}.customer.test")


async def _add_zone(context: Context, org_id: str) -> object:
    return await registry.add(context, org_id, f"n{context.random_bytes(4).hex()}.test")


_ADDITIONS = {
    Quota.ENDPOINTS: _add_endpoint,
    Quota.TOKENS: _add_token,
    Quota.CONNECTIONS: connect,
    Quota.ZONES: _add_zone,
    Quota.DOMAINS: _add_domain,
}


async def _add_lines(context: Context, request: BulkRequest, *names: str) -> list[AddLineResult]:
    lines = [validate_line(context, number, DomainRequest(domain_name=name)) for number, name in enumerate(names, 1)]
    return [result async for results in BulkAdditions(context, request).add_lines(lines) for result in results]


@pytest.mark.parametrize("quota", _ADDITIONS)
async def test_one_organization_reaches_its_quota_and_another_does_not_notice(
    context: Context, organization: Organization, rival: Organization, quota: Quota
) -> None:
    add = _ADDITIONS[quota]
    await quotas.set_quotas(context, organization.id, {quota: 2})
    for _ in range(2):
        await add(context, organization.id)
    with pytest.raises(QuotaReached, match=rf"has 2 .* and may have 2 \(quota {quota}\)"):
        await add(context, organization.id)
    for _ in range(3):
        await add(context, rival.id)


async def test_of_many_that_ask_at_once_only_as_many_as_fit_are_stored(
    context: Context, organization: Organization
) -> None:
    await quotas.set_quotas(context, organization.id, {"endpoints": 3})
    results = await asyncio.gather(
        *(_add_endpoint(context, organization.id) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(result, QuotaReached) for result in results) == 7
    assert len((await endpoints.list_page(context, organization.id, cursor=None, limit=20)).items) == 3


@pytest.mark.parametrize("quota", [Quota.ENDPOINTS, Quota.TOKENS, Quota.CONNECTIONS])
async def test_who_has_no_quota_of_their_own_has_the_configured_one(
    context: Context, organization: Organization, quota: Quota
) -> None:
    few = LimitsConfig(endpoints=1, tokens=1, connections=1)
    await _ADDITIONS[quota](context, organization.id)
    context.live_config.value = replace(context.config, limits=few)
    with pytest.raises(QuotaReached):
        await _ADDITIONS[quota](context, organization.id)


async def test_the_quotas_of_the_issue_are_the_default(context: Context, organization: Organization) -> None:
    read = await context.database.read(lambda snapshot: quotas.read_quotas(context, snapshot, organization.id))
    assert [read.get(quota) for quota in Quota] == [100, 200, 100, 100, 100, 200, 0, 1_000_000, 256 << 20]


async def test_a_quota_is_set_and_goes_back_to_the_configured_one(context: Context, organization: Organization) -> None:
    assert (await quotas.set_quotas(context, organization.id, {"endpoints": 7, "tokens": 0})).endpoints == 7
    both = await quotas.set_quotas(context, organization.id, {"endpoints": None})
    assert (both.endpoints, both.tokens) == (100, 0)
    await _add_token(context, organization.id)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"webhooks": 1}, r"no quota 'webhooks'; there are: endpoints, tokens,"),
        ({"endpoints": -1}, "endpoints is -1"),
        ({"endpoints": 1 << 60}, "endpoints is 11529"),
    ],
)
async def test_what_is_no_quota_is_refused_and_nothing_is_changed(
    context: Context, organization: Organization, changes: dict[str, int | None], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        await quotas.set_quotas(context, organization.id, {"tokens": 1, **changes})
    assert (await quotas.set_quotas(context, organization.id, {})).tokens == 200


async def test_there_are_no_quotas_for_whom_nobody_knows(context: Context) -> None:
    with pytest.raises(NotFound):
        await quotas.set_quotas(context, "org_nobody", {"tokens": 1})


async def test_what_is_there_stays_when_the_quota_is_lowered_and_what_is_removed_makes_room(
    context: Context, organization: Organization
) -> None:
    kept = [(await _add_endpoint(context, organization.id))[0] for _ in range(3)]
    await quotas.set_quotas(context, organization.id, {"endpoints": 1})
    with pytest.raises(QuotaReached, match="has more than 1 webhooks"):
        await _add_endpoint(context, organization.id)
    for endpoint in kept:
        await endpoints.remove(context, organization.id, endpoint.id)
    await _add_endpoint(context, organization.id)


async def test_an_expired_token_takes_no_room(context: Context, organization: Organization, clock: ManualClock) -> None:
    await quotas.set_quotas(context, organization.id, {"tokens": 1})
    soon = clock.now() + MINUTE
    await minting.create(context, organization.id, name="ci", role=Role.MEMBER, expires_at=soon)
    with pytest.raises(QuotaReached):
        await _add_token(context, organization.id)
    clock.advance(MINUTE)
    await _add_token(context, organization.id)


async def test_an_expired_token_is_given_a_later_expiry_where_there_is_room_for_it(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    org_id, soon = organization.id, clock.now() + MINUTE
    expiring = await minting.create(context, org_id, name="ci", role=Role.MEMBER, expires_at=soon)
    clock.advance(MINUTE)
    await quotas.set_quotas(context, org_id, {"tokens": 1})
    lasting = await _add_token(context, org_id)
    endless = changes.TokenChanges(expires_at=None)
    with pytest.raises(QuotaReached):
        await changes.change(context, org_id, expiring.token.id, endless)
    renamed = await changes.change(context, org_id, lasting.token.id, changes.TokenChanges(name="x", expires_at=None))
    assert renamed.name == "x"
    await revocation.revoke(context, org_id, lasting.token.id)
    assert (await changes.change(context, org_id, expiring.token.id, endless)).expires_at is None


async def test_an_organization_keeps_so_many_of_its_expired_tokens_the_latest(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    """Whoever mints one after the other that end at once makes no work without bounds, such as revoking them all."""
    expiring = (
        await minting.create(context, organization.id, name="ci", role=Role.MEMBER, expires_at=clock.now() + 1)
    ).token

    def insert_later_ones(tx: Transaction) -> None:
        for number in range(expiry.MAX_EXPIRED):
            later = replace(expiring, id=f"token_{number:03}", expires_at=clock.now() + 2 + number)
            tokens.insert(tx, later, f"hash {number}")

    await context.database.write(insert_later_ones)
    clock.advance(MINUTE)
    lasting = await _add_token(context, organization.id)
    kept = await context.database.read(lambda snapshot: tokens.list_all_of_org(snapshot, organization.id))
    assert len(kept) == expiry.MAX_EXPIRED + 1
    assert {expiring.id, lasting.token.id} & {token.id for token in kept} == {lasting.token.id}


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_bulk_line_beyond_the_quota_is_refused_by_itself(
    context: Context, organization: Organization, *, dry_run: bool
) -> None:
    await quotas.set_quotas(context, organization.id, {"domains": 30})
    request = BulkRequest(org_id=organization.id, actor="operator", dry_run=dry_run)
    names = [f"n{number}.customer.test" for number in range(29)]
    results = await _add_lines(
        context, request, *names, names[0], "b.customer.test", "c.customer.test", "b.customer.test"
    )
    created = "would_create" if dry_run else "created"
    assert [result.outcome for result in results[28:]] == [created, "exists", created, "refused", "exists"]
    assert [result.error and result.error.code for result in results[28:]] == [None, None, None, "quota_reached", None]
    page = await queries.list_page(context, organization.id, DomainQuery(), cursor=None, limit=100)
    assert len(page.items) == (0 if dry_run else 30)
