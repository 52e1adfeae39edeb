"""Tokens, organizations and the making of endpoints."""

import pytest

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.tokens.token import Role
from dcvd.errors import Conflict, DcvdError, Forbidden, InvalidInput, NotFound, Unauthenticated
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.tokens import authentication, minting, queries, revocation
from dcvd.services.tokens.authentication import act_as, build_caller
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.webhooks import endpoints
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock


async def test_a_token_is_recognised_until_its_expiry_to_the_millisecond(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    minted = await minting.create(context, organization.id, name="ci", role=Role.MEMBER, expires_at=clock.now() + 1000)
    plain = minted.plaintext.reveal()
    clock.advance(999)
    assert (await authentication.KeptCallers(context).authenticate(plain)).id == minted.token.id
    clock.advance(1)
    with pytest.raises(Unauthenticated):
        await authentication.KeptCallers(context).authenticate(plain)


async def test_the_plain_token_is_not_in_the_database(context: Context, organization: Organization) -> None:
    minted = await minting.create(context, organization.id, name="ci", role=Role.OWNER, expires_at=None)
    stored_text = await context.database.read(
        lambda snapshot: repr(snapshot.fetch_all("SELECT * FROM api_tokens WHERE id = ?", (minted.token.id,)))
    )
    assert minted.plaintext.reveal() not in stored_text
    assert minted.plaintext.reveal().removeprefix("dcv_live_") not in stored_text


@pytest.mark.parametrize("text", ["", "x", "dcv_live_", "dcv_live_" + "0" * 32, "DCV_LIVE_" + "0" * 32, "\ud800"])
async def test_what_is_no_live_token_is_refused_alike(context: Context, organization: Organization, text: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await authentication.KeptCallers(context).authenticate(text)
    assert "malformed, unknown, revoked or expired" in caught.value.message


async def test_a_revoked_token_stops_at_once(context: Context, organization: Organization, rival: Organization) -> None:
    minted = await minting.create(context, organization.id, name="ci", role=Role.OWNER, expires_at=None)
    with pytest.raises(NotFound):
        await revocation.revoke(context, rival.id, minted.token.id)
    await revocation.revoke(context, organization.id, minted.token.id)
    with pytest.raises(Unauthenticated):
        await authentication.KeptCallers(context).authenticate(minted.plaintext.reveal())


@pytest.mark.parametrize(
    ("end", "error"),
    [("revoked", Unauthenticated), ("expired", Unauthenticated), ("its rights changed", Forbidden)],
)
async def test_no_transaction_of_a_caller_whose_rights_ended_stores_anything(
    context: Context, organization: Organization, clock: ManualClock, end: str, error: type[DcvdError]
) -> None:
    minted = await minting.create(context, organization.id, name="ci", role=Role.OWNER, expires_at=clock.now() + 1000)
    callers_context = act_as(context, build_caller(minted.token, None))
    events = ["domain.added"]
    await endpoints.create(callers_context, organization.id, url="https://hooks.example.com/before", events=events)
    match end:
        case "revoked":
            await revocation.revoke(context, organization.id, minted.token.id)
        case "expired":
            clock.advance(1000)
        case _:
            await context.database.write(
                lambda tx: tx.execute(
                    "UPDATE api_tokens SET rights_version = rights_version + 1 WHERE id = ?", (minted.token.id,)
                )
            )
    with pytest.raises(error):
        await endpoints.create(callers_context, organization.id, url="https://hooks.example.com/after", events=events)
    stored = (await endpoints.list_page(context, organization.id, cursor=None, limit=9)).items
    assert [endpoint.url for endpoint in stored] == ["https://hooks.example.com/before"]


async def test_nobody_mints_a_role_above_their_own(context: Context, organization: Organization) -> None:
    with pytest.raises(Forbidden, match="has the role owner, which is higher"):
        await minting.create(
            context.for_caller(Caller(kind=CallerKind.TOKEN, id="token_1", role=Role.ADMIN)),
            organization.id,
            name="x",
            role=Role.OWNER,
            expires_at=None,
        )


async def test_an_expiry_in_the_past_is_refused(context: Context, organization: Organization) -> None:
    with pytest.raises(InvalidInput, match="has passed"):
        await minting.create(context, organization.id, name="x", role=Role.MEMBER, expires_at=context.now())


async def test_the_last_use_costs_no_write_until_it_is_stored(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    minted = await minting.create(context, organization.id, name="ci", role=Role.OWNER, expires_at=None)
    last_use = TokenUsage()
    last_use.record_use(build_caller(minted.token), clock.now())
    assert last_use.update(minted.token).last_used_at == clock.now()
    (listed,) = (await queries.list_page(context, organization.id, cursor=None, limit=10)).items
    assert listed.last_used_at is None
    await last_use.store(context)
    (listed,) = (await queries.list_page(context, organization.id, cursor=None, limit=10)).items
    assert listed.last_used_at == clock.now()


async def test_an_organizations_name_is_its_own(context: Context, organization: Organization) -> None:
    with pytest.raises(Conflict):
        await organizations.create(context, "Acme")
    assert await organizations.find(context, "Acme") == organization
    assert await organizations.find(context, organization.id) == organization


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "org_abc"])
async def test_a_bad_name_of_an_organization_is_refused(context: Context, name: str) -> None:
    with pytest.raises(InvalidInput):
        await organizations.create(context, name)


@pytest.mark.parametrize(
    ("url", "events", "field"),
    [
        ("http://127.0.0.1/", [], "events"),
        ("http://127.0.0.1/", ["domain.active", "domain.sold"], "events[1]"),
        ("ftp://127.0.0.1/", ["domain.active"], "url"),
        ("http://10.0.0.1/", ["domain.active"], "url"),
        ("https://user:pass@hooks.example.com/", ["domain.active"], "url"),
        ("not a url", ["domain.active"], "url"),
    ],
)
async def test_a_bad_endpoint_is_refused_naming_the_field(
    context: Context, organization: Organization, url: str, events: list[str], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await endpoints.create(context, organization.id, url=url, events=events)
    assert caught.value.field == field
    assert (await endpoints.list_page(context, organization.id, cursor=None, limit=10)).items == []
