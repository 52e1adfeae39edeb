"""What the predecessor knew stands here after an import, under its own ids, and nobody is told of it."""

import hashlib
import hmac
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.connections.connection import ConnectionMethod, ConnectionStatus, Provider
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.domains.domain import Domain, DomainStatus, Proof
from dcvd.core.members import MemberStatus
from dcvd.core.predecessor.rows import (
    ConnectionRow,
    DomainRow,
    EndpointRow,
    ImportOutcome,
    ImportResult,
    MemberRow,
    OrganizationRow,
    RowKind,
    TokenRow,
)
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.core.webhooks.signing import build_headers
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import Unauthenticated
from dcvd.services import audit, organizations
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.members import invitations
from dcvd.services.tokens import revocation, suspension
from dcvd.services.tokens.authentication import KeptCallers
from dcvd.services.webhooks.endpoints import unseal_endpoint
from dcvd.store import domains
from dcvd.store.alerts import contacts
from dcvd.store.audit import AuditFilters
from dcvd.store.connections import connections
from dcvd.store.jobs import jobs
from dcvd.store.organizations import branding
from dcvd.store.organizations import organizations as organizations_table
from tests.connections.provider import ProviderServer
from tests.daemon.rows import rows
from tests.predecessor.dumps import ACME, HEX_TOKEN, NOW, SECRET, URL_TOKEN, full_dump, read_rows
from tests.services.predecessor.conftest import Bring

SHOP = "d0000000-0000-4000-8000-000000000001"


def outcomes(results: list[ImportResult]) -> Counter[tuple[str, str]]:
    return Counter((result.kind.value, result.outcome.value) for result in results)


def of(results: list[ImportResult], row_id: str) -> ImportResult:
    (found,) = [result for result in results if result.id == row_id and result.kind is not RowKind.BRANDING][:1]
    return found


async def stored(context: Context, domain_id: str) -> Domain:
    found = await context.database.read(lambda snapshot: domains.get(snapshot, domain_id))
    assert found is not None
    return found


async def dump_of(cloudflare: CloudflareClient, provider: ProviderServer) -> str:
    """A dump whose shop is at Cloudflare, and whose tokens are the provider's."""
    hostname = await cloudflare.create("shop.customer.test")
    await cloudflare.create("blog.customer.test")
    tokens = provider.grant()
    assert tokens.refresh_token is not None
    return full_dump(access=tokens.access_token.reveal(), refresh=tokens.refresh_token.reveal(), cf_shop=hostname.id)


async def test_all_of_it_comes_along_and_a_repeat_brings_nothing(
    cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring, tmp_path: Path
) -> None:
    read = read_rows(await dump_of(cloudflare, provider))
    rehearsed = await bring(read, dry_run=True)
    assert rows(tmp_path / "dcvd.db", "SELECT 1 FROM audit_entries") == []
    results = await bring(read)
    assert outcomes(results) == {
        ("organization", "imported"): 3,
        ("branding", "imported"): 1,
        ("logo", "refused"): 1,
        ("member", "imported"): 2,
        ("member", "left_out"): 1,
        ("member", "refused"): 1,
        ("domain", "imported"): 4,
        ("domain", "claimed"): 1,
        ("domain", "refused"): 2,
        ("token", "imported"): 2,
        ("token", "left_out"): 1,
        ("token", "refused"): 2,
        ("endpoint", "imported"): 4,
        ("endpoint", "refused"): 1,
        ("connection", "imported"): 1,
        ("connection", "refused"): 3,
        ("history", "imported"): 2,
    }
    simulated = {"imported": "would_import", "claimed": "would_claim"}
    expected = Counter({(k, simulated.get(o, o)): n for (k, o), n in outcomes(results).items()})
    expected[("logo", "would_import")] += expected.pop(("logo", "refused"))  # a dry run fetches none
    assert outcomes(rehearsed) == expected
    again = await bring(read)
    assert {result.outcome for result in again} == {
        ImportOutcome.EXISTS,
        ImportOutcome.LEFT_OUT,
        ImportOutcome.REFUSED,
    }
    assert outcomes(again)["domain", "exists"] == 5
    for table in ("events", "deliveries", "alert_messages", "alert_groups"):
        assert rows(tmp_path / "dcvd.db", f"SELECT 1 FROM {table}") == [], table
    assert all("secret" not in repr(result).lower() or SECRET not in repr(result) for result in results)


async def test_old_tokens_authenticate_as_owners_and_revoked_ones_stay_revoked(
    context: Context, cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring
) -> None:
    read = read_rows(await dump_of(cloudflare, provider))
    await bring(read)
    for token in (HEX_TOKEN, URL_TOKEN):
        caller = await KeptCallers(context).authenticate(token)
        assert (caller.org_id, caller.role) == (ACME, Role.OWNER)
    first = "c0ffee00-0000-4000-8000-000000000001"
    await revocation.revoke(context, ACME, first)
    result = of(await bring(read), first)
    assert (result.outcome, result.notes[-1]) == (
        ImportOutcome.LEFT_OUT,
        "It was imported before, and removed here since.",
    )
    with pytest.raises(Unauthenticated):
        await KeptCallers(context).authenticate(HEX_TOKEN)


@pytest.mark.parametrize("token", ["x" * 42, "x" * 44, "g" * 64, HEX_TOKEN[:-1], f"{HEX_TOKEN}\n", URL_TOKEN + "="])
async def test_a_text_of_another_form_is_no_token(context: Context, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await KeptCallers(context).authenticate(token)


@pytest.mark.parametrize(
    ("endpoint_id", "secret"),
    [
        ("e0000000-0000-4000-8000-000000000001", SECRET),
        ("e0000000-0000-4000-8000-000000000002", "kürzer"),
        ("e0000000-0000-4000-8000-000000000003", "0123456789abcdef"),
    ],
)
async def test_signatures_stay_right_with_the_secret_as_it_was(
    context: Context,
    cloudflare: CloudflareClient,
    provider: ProviderServer,
    bring: Bring,
    endpoint_id: str,
    secret: str,
) -> None:
    await bring(read_rows(await dump_of(cloudflare, provider)))
    unsealed = await context.database.read(lambda snapshot: unseal_endpoint(context, snapshot, endpoint_id))
    assert unsealed is not None
    headers = build_headers(
        [each.secret for each in unsealed.secrets], message_id="evt_1", event_type="x", timestamp_s=1, body=b"{}"
    )
    assert headers["X-DCVaaS-Signature"] == hmac.new(secret.encode(), b"{}", hashlib.sha256).hexdigest()
    assert headers["webhook-signature"].startswith("v1,")
    assert unsealed.endpoint.health.is_enabled is (secret == SECRET)


async def test_an_endpoint_that_may_not_be_called_from_here_is_disabled(
    context: Context, cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring
) -> None:
    results = await bring(read_rows(await dump_of(cloudflare, provider)))
    private = of(results, "e0000000-0000-4000-8000-000000000005")
    assert private.outcome is ImportOutcome.IMPORTED
    assert private.notes[-1].startswith("It is disabled here: ")


async def test_what_was_active_is_active_here_and_its_first_check_is_no_news(
    context: Context, cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring
) -> None:
    await bring(read_rows(await dump_of(cloudflare, provider)))
    shop = await stored(context, SHOP)
    assert (shop.status, shop.proof, shop.cname_target) == (
        DomainStatus.ACTIVE,
        Proof.SHARED_CNAME,
        "edge.sandbox.test",
    )
    blog = await stored(context, "d0000000-0000-4000-8000-000000000002")
    found = await cloudflare.find("blog.customer.test")
    assert found is not None
    assert (blog.name, blog.status, blog.cf_id) == ("blog.customer.test", DomainStatus.ACTIVE, found.id)
    ids = [f"d0000000-0000-4000-8000-00000000000{number}" for number in range(1, 6)]
    pending = await context.database.read(lambda snapshot: jobs.list_pending_of_domains(snapshot, ids, "register"))
    assert sorted(job.domain_id or "" for job in pending) == ids[2:4]


async def test_of_two_organizations_with_one_name_the_one_with_the_hostname_has_it(
    context: Context, cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring
) -> None:
    results = await bring(read_rows(await dump_of(cloudflare, provider)))
    shop, other = await stored(context, SHOP), await stored(context, "d0000000-0000-4000-8000-000000000005")
    assert (shop.is_contested, other.is_contested) == (True, True)
    assert (other.status, other.cf_id, other.proof, other.is_parked) == (DomainStatus.PENDING_CNAME, None, None, True)
    assert "Another organization has shop.customer.test" in of(results, other.id).notes[-1]


async def test_a_rival_comes_after_the_better_claim_and_never_takes_its_hostname(
    cloudflare: CloudflareClient, bring: Bring
) -> None:
    await cloudflare.create("a.customer.test")
    orgs = [OrganizationRow(id=each, org_id=each, title=each) for each in ("o1", "o2")]
    rival = DomainRow(id="d2", org_id="o2", domain_name="a.customer.test", state="waiting", is_rival=True)
    winner = replace(rival, id="d1", org_id="o1", is_rival=False)
    assert [result.outcome.value for result in (await bring([*orgs, rival]))[2:]] == ["refused"]
    assert [result.outcome.value for result in await bring([rival], dry_run=True)] == ["would_claim"]
    assert [result.outcome.value for result in await bring([winner, rival])] == ["imported", "claimed"]


async def test_without_cloudflare_domains_come_as_the_dump_has_them(
    context: Context, cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring
) -> None:
    dump = await dump_of(cloudflare, provider)
    config = context.config
    context.live_config.value = replace(
        config, cloudflare=replace(config.cloudflare, base_url="http://127.0.0.1:9/client/v4")
    )
    results = await bring(read_rows(dump))
    shop = await stored(context, SHOP)
    assert (shop.status, shop.cf_id is not None, shop.expires_at) == (DomainStatus.ACTIVE, True, 4_070_908_800_000)
    assert "Cloudflare could not be asked" in of(results, SHOP).notes[-1]


async def test_members_have_no_invitation_and_contacts_are_not_asked_until_somebody_says_so(
    context: Context, cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring
) -> None:
    await bring(read_rows(await dump_of(cloudflare, provider)))
    ann = "7a1c0000-0000-4000-8000-000000000001"
    found = await context.database.read(lambda snapshot: contacts.find_by_address(snapshot, ACME, "ann@acme.example"))
    assert found is not None
    assert (found.member_id, found.status.value) == (ann, "unconfirmed")
    assert await context.database.read(lambda snapshot: contacts.list_active(snapshot, ACME)) == []
    invited = await invitations.invite_again(context, ACME, ann)
    member = await invitations.accept(context, invited.invite.reveal())
    assert (member.id, member.role, member.status.value) == (ann, Role.OWNER, "active")


async def test_a_connection_works_and_one_with_a_stub_for_a_token_stays_behind(
    context: Context, cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring, access: ProviderAccess
) -> None:
    results = await bring(read_rows(await dump_of(cloudflare, provider)))
    connection_id = "f0000000-0000-4000-8000-000000000001"

    def read(snapshot: Any) -> Any:
        connection = connections.get(snapshot, connection_id)
        assert connection is not None
        return connection, connections.unseal_credentials(snapshot, context.vault, connection)

    connection, credentials = await context.database.read(read)
    assert (connection.method, connection.status) == (ConnectionMethod.OAUTH, ConnectionStatus.ACTIVE)
    assert isinstance(credentials, OauthTokens)
    assert provider.takes(credentials.access_token.reveal())
    driver = await access.open_driver(ACME, connection_id)
    assert await driver.check_credentials() == "Customer Ltd"
    assert "is no ciphertext" in of(results, "f0000000-0000-4000-8000-000000000002").notes[-1]
    assert of(results, "f0000000-0000-4000-8000-000000000003").outcome is ImportOutcome.REFUSED
    assert "There is no provider 'bind' here." in of(results, "f0000000-0000-4000-8000-000000000004").notes


async def test_an_access_token_that_has_ended_is_refreshed_once_and_never_in_a_dry_run(
    context: Context, provider: ProviderServer, bring: Bring
) -> None:
    tokens = provider.grant()
    provider.forget_access()
    org = OrganizationRow(id="o1", org_id="o1", title="One")
    row = ConnectionRow(
        id="c1",
        org_id="o1",
        provider=Provider.CLOUDFLARE,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=NOW - 1,
    )
    rehearsed = await bring([org, row], dry_run=True)
    assert (rehearsed[-1].outcome, provider.asked) == (ImportOutcome.WOULD_IMPORT, [])
    assert (await bring([org, row]))[-1].outcome is ImportOutcome.IMPORTED
    assert (await bring([org, row]))[-1].outcome is ImportOutcome.EXISTS
    assert len(provider.asked) == 1
    found = await context.database.read(lambda snapshot: connections.get(snapshot, "c1"))
    assert found is not None
    assert found.refresh_at is not None


async def test_the_audit_log_stands_in_the_chain_which_stays_sound(
    context: Context, cloudflare: CloudflareClient, provider: ProviderServer, bring: Bring
) -> None:
    await bring(read_rows(await dump_of(cloudflare, provider)))
    page = await audit.list_page(
        context, ACME, AuditFilters(action=AuditAction.HISTORY_IMPORTED), cursor=None, limit=10
    )
    assert [(entry.object_id, entry.occurred_at) for entry in page.items] == [(None, NOW), (SHOP, NOW)]
    assert '"occurredAt":"2025-01-15T08:30:00Z"' in (page.items[1].after or "")
    _, sound, fault = await context.database.read(lambda snapshot: audit.verify_chain(snapshot, ACME))
    assert (fault, sound > 2) == (None, True)


async def test_a_colour_is_brought_unless_there_is_one(context: Context, bring: Bring) -> None:
    await bring(read for read in read_rows(full_dump()) if not isinstance(read, ConnectionRow | DomainRow))
    found = await context.database.read(lambda snapshot: branding.get(snapshot, ACME))
    assert found.primary_color == "#00aaff"


async def test_names_that_are_taken_and_ids_that_are_others_are_said(context: Context, bring: Bring) -> None:
    await organizations.create(context, "One")
    first = OrganizationRow(id="0123456789", org_id="0123456789", title="One")
    strange = OrganizationRow(id="org_operator", org_id="org_operator", title="Two")
    prefixed = OrganizationRow(id="o3", org_id="o3", title="org_three")
    token = TokenRow(id="t1", org_id="0123456789", label="a", token_hash="ab" * 32)
    stolen = replace(token, org_id="o3")
    twin = replace(token, id="t2")
    nobody = replace(token, id="t3", org_id="nowhere")
    results = await bring([first, strange, prefixed, token, stolen, twin, nobody])
    assert [(result.outcome.value, *result.notes) for result in results] == [
        ("imported", "Its name is 'One (01234567)' here."),
        ("refused", "Its id is one that dcvd uses itself."),
        ("imported", "Its name is 'Organization org_three' here."),
        ("imported",),
        ("refused", "Its id is that of another organization's object."),
        ("refused", "Another token here has the same secret."),
        ("refused", "There is no organization nowhere, neither here nor in the dump."),
    ]


async def test_a_member_with_a_known_address_and_a_domain_that_is_there_are_left_as_they_are(
    context: Context, bring: Bring
) -> None:
    org = OrganizationRow(id="o1", org_id="o1", title="One")
    member = MemberRow(id="m1", org_id="o1", address="a@b.example", role=Role.OWNER, status=MemberStatus.INVITED)
    domain = DomainRow(id="d1", org_id="o1", domain_name="a.customer.test", state="waiting")
    results = await bring(
        [org, member, replace(member, id="m2"), domain, replace(domain, id="d2", domain_name="A.customer.test.")]
    )
    assert [result.outcome.value for result in results] == ["imported", "imported", "left_out", "imported", "left_out"]
    assert results[-1].notes == ("The organization has a.customer.test already, as d1.",)


async def test_an_organization_that_was_deleted_here_does_not_come_back_by_a_repeat(
    context: Context, bring: Bring
) -> None:
    org = OrganizationRow(id="o1", org_id="o1", title="One")
    token = TokenRow(id="t1", org_id="o1", label="a", token_hash=hashlib.sha256(HEX_TOKEN.encode()).hexdigest())
    await bring([org, token])
    await context.database.write(lambda tx: organizations_table.delete(tx, "o1"))
    for dry_run in (True, False):
        results = await bring([org, token], dry_run=dry_run)
        assert [(result.outcome.value, *result.notes) for result in results] == [
            ("left_out", "It was imported before, and deleted here since. --with-deleted brings it again."),
            ("left_out", "Its organization was imported before, and deleted here since."),
        ]
    with pytest.raises(Unauthenticated):
        await KeptCallers(context).authenticate(HEX_TOKEN)
    rehearsed = await bring([org, token], dry_run=True, with_deleted=True)
    assert [result.outcome.value for result in rehearsed] == ["would_import", "would_import"]
    results = await bring([org, token], with_deleted=True)
    assert [result.outcome.value for result in results] == ["imported", "imported"]
    assert (await KeptCallers(context).authenticate(HEX_TOKEN)).org_id == "o1"


async def test_what_is_there_already_has_nothing_to_say_again(bring: Bring) -> None:
    org = OrganizationRow(id="o1", org_id="o1", title="One", notes=("It was of the tier pro.",))
    assert (await bring([org]))[0].notes == org.notes
    assert (await bring([org]))[0].notes == ()


async def test_nothing_comes_to_an_organization_that_is_being_deleted(context: Context, bring: Bring) -> None:
    org = OrganizationRow(id="o1", org_id="o1", title="One")
    await bring([org])
    await suspension.begin_deletion(context, "o1")
    endpoint = EndpointRow(
        id="e1", org_id="o1", url="https://x.example", secret=Secret("s"), events=("*",), is_enabled=True
    )
    assert (await bring([endpoint]))[0].notes == ("Its organization is being deleted.",)
