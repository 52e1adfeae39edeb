"""Adding, finding and removing domains."""

import pytest
from msgspec.structs import replace

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import DnsState, DomainStatus
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.events import EventType
from dcvd.core.jobs import JobState
from dcvd.errors import Conflict, InvalidInput, NotFound, Permanent, Retryable
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries, removals
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks, register_job
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER
from dcvd.store import cloudflare_zones
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs, bodies, deliveries_owed, event_names
from tests.services.webhooks.attempts import subscribed


def _dns(name: str, *, right: bool) -> DnsObservation:
    chain = ("edge.sandbox.test",) if right else ()
    return DnsObservation(
        DnsFacts(hostname=name, target="edge.sandbox.test", outcome="answered", exists=right, chain=chain)
    )


def seen(name: str, *, status: str = "pending", ssl: str = "initializing", cf_id: str = "cf-1") -> CloudflareHostname:
    return CloudflareHostname(id=cf_id, hostname=name, status=status, ssl_status=ssl)


async def test_adding_stores_the_domain_its_job_and_its_event_together(
    context: Context, organization: Organization
) -> None:
    domain = await additions.add(context, organization.id, "App.Customer.TEST.")
    assert (domain.name, domain.status) == ("app.customer.test", DomainStatus.PENDING_CNAME)
    (job,) = await all_jobs(context, organization.id)
    assert (job.kind, job.state, job.domain_id) == ("register", JobState.PENDING, domain.id)
    (body,) = await bodies(context, organization.id)
    assert list(body) == ["event", "timestamp", "data", "id", "sequence"]
    assert body["data"] == {
        "domain_id": domain.id,
        "domain_name": "app.customer.test",
        "status": "pending_cname",
        "expires_at": None,
        "external_id": None,
        "labels": {},
    }
    assert body["sequence"] == 1


async def test_a_name_that_the_organization_has_is_refused_with_its_id(
    context: Context, organization: Organization
) -> None:
    first = await additions.add(context, organization.id, "app.customer.test")
    with pytest.raises(Conflict, match="already one of your domains") as caught:
        await additions.add(context, organization.id, "APP.customer.test")
    assert caught.value.existing_id == first.id
    assert await event_names(context, organization.id) == ["domain.added"]


async def test_a_bad_name_changes_nothing(context: Context, organization: Organization) -> None:
    with pytest.raises(InvalidInput):
        await additions.add(context, organization.id, "not a name")
    assert await all_jobs(context, organization.id) == []


async def test_another_organizations_domain_looks_like_none(
    context: Context, organization: Organization, rival: Organization
) -> None:
    domain = await additions.add(context, organization.id, "app.customer.test")
    with pytest.raises(NotFound):
        await queries.get(context, rival.id, domain.id)
    with pytest.raises(NotFound):
        await removals.remove(context, rival.id, domain.id)
    assert await queries.get(context, organization.id, domain.id) == domain


async def test_a_look_stores_the_domain_its_events_and_what_is_owed_for_them(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id, EventType.DOMAIN_ACTIVE, EventType.DNS_VERIFIED)
    domain = await additions.add(context, organization.id, "app.customer.test")
    looked = await checks.record(
        context,
        domain.id,
        [_dns(domain.name, right=True), seen(domain.name, status="active", ssl="active")],
    )
    assert looked is not None
    assert (looked.status, looked.dns_state, looked.is_ready) == (DomainStatus.ACTIVE, DnsState.VERIFIED, True)
    assert await event_names(context, organization.id) == ["domain.added", "dns.verified", "domain.active"]
    assert sorted(await deliveries_owed(context)) == [
        (endpoint.id, "dns.verified", "pending"),
        (endpoint.id, "domain.active", "pending"),
    ]
    assert [body["sequence"] for body in await bodies(context, organization.id)] == [1, 2, 3]


async def test_dns_turning_right_before_activation_has_cloudflare_look_again_once(
    context: Context, organization: Organization
) -> None:
    domain = await additions.add(context, organization.id, "app.customer.test")
    await checks.record(context, domain.id, [_dns(domain.name, right=False), seen(domain.name)])
    await checks.record(context, domain.id, [_dns(domain.name, right=True), seen(domain.name)])
    await checks.record(context, domain.id, [_dns(domain.name, right=True), seen(domain.name)])
    kinds = [job.kind for job in await all_jobs(context, organization.id)]
    assert kinds == ["register", "revalidate"]


async def test_a_look_plans_the_next_one(context: Context, organization: Organization, clock: ManualClock) -> None:
    domain = await additions.add(context, organization.id, "app.customer.test")
    looked = await checks.record(context, domain.id, [_dns(domain.name, right=False)])
    assert looked is not None
    assert looked.next_check_at == clock.now() + 60_000


async def test_removal_is_told_and_leaves_a_job_for_cloudflare(context: Context, organization: Organization) -> None:
    domain = await additions.add(context, organization.id, "app.customer.test")
    await checks.record(context, domain.id, [seen(domain.name, cf_id="cf-9")])
    await removals.remove(context, organization.id, domain.id)
    with pytest.raises(NotFound):
        await queries.get(context, organization.id, domain.id)
    # Ids of one instant are in no order.
    deregister, register = sorted(await all_jobs(context, organization.id), key=lambda job: job.kind)
    assert register.state is JobState.DONE
    assert (deregister.kind, deregister.state) == ("deregister", JobState.PENDING)
    assert DEREGISTER.decode_payload(deregister).cf_id == "cf-9"
    assert await event_names(context, organization.id) == ["domain.added", "domain.removed"]


async def test_a_removal_says_which_records_to_take_out_of_dns(context: Context, organization: Organization) -> None:
    domain = await additions.add(context, organization.id, "app.customer.test")
    await removals.remove(context, organization.id, domain.id)
    added, removed = await bodies(context, organization.id)
    assert removed["data"]["records_to_remove"] == [
        {
            "type": "CNAME",
            "name": "app.customer.test",
            "value": "edge.sandbox.test",
            "zone": "customer.test",
            "written_by_us": False,
            "being_removed": False,
        }
    ]
    assert "records_to_remove" not in added["data"]


async def test_a_hostname_created_for_a_domain_that_is_gone_is_taken_away_again(
    context: Context, organization: Organization
) -> None:
    domain = await additions.add(context, organization.id, "app.customer.test")
    (register,) = await all_jobs(context, organization.id)
    await removals.remove(context, organization.id, domain.id)
    await register_job.record_registered(context, register, seen(domain.name, cf_id="cf-late"))
    removals_there = [job for job in await all_jobs(context, organization.id) if job.kind == "deregister"]
    assert "cf-late" in [DEREGISTER.decode_payload(job).cf_id for job in removals_there]


async def test_a_refusal_is_the_domains_error_and_a_dead_letter(context: Context, organization: Organization) -> None:
    domain = await additions.add(context, organization.id, "app.customer.test")
    (job,) = await all_jobs(context, organization.id)
    await register_job.record_refused(context, job, Permanent("Cloudflare says no.", code="hostname_invalid"))
    refused = await queries.get(context, organization.id, domain.id)
    assert refused.status is DomainStatus.ERROR
    assert refused.error is not None
    assert refused.error.code == "hostname_invalid"
    assert await event_names(context, organization.id) == ["domain.added", "domain.error", "job.failed", "job.dlq"]
    again = await queue.retry(context, organization.id, job.id)
    assert (again.state, again.attempts) == (JobState.PENDING, 0)


async def test_the_list_pages_from_new_to_old_and_search_finds_what_names_hold(
    context: Context, organization: Organization, rival: Organization, clock: ManualClock
) -> None:
    names = [f"shop{number}.customer{number % 2}.test" for number in range(5)]
    for name in names:
        clock.advance(1)
        await additions.add(context, organization.id, name)
    await additions.add(context, rival.id, "shop9.customer1.test")
    found: list[str] = []
    cursor = None
    while True:
        page = await queries.list_page(context, organization.id, DomainQuery(), cursor=cursor, limit=2)
        found += [domain.name for domain in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == names[::-1]

    async def search(prefix: str, status: DomainStatus | None = None) -> list[str]:
        page = await queries.list_page(
            context, organization.id, DomainQuery(status=status, search=prefix), cursor=None, limit=50
        )
        return [domain.name for domain in page.items]

    assert await search("SHOP3") == ["shop3.customer1.test"]
    assert await search("customer1") == ["shop1.customer1.test", "shop3.customer1.test"]
    assert await search("ustomer1") == ["shop1.customer1.test", "shop3.customer1.test"]
    assert await search("https://Shop3.customer1.test:8443/x?y#z") == ["shop3.customer1.test"]
    assert await search("nobody") == []
    assert await search("shop", DomainStatus.ACTIVE) == []
    assert len(await search("shop", DomainStatus.PENDING_CNAME)) == 5


async def test_a_cursor_that_is_none_of_ours_is_refused(context: Context, organization: Organization) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        await queries.list_page(context, organization.id, DomainQuery(), cursor="!!", limit=2)


@pytest.mark.parametrize("name", ["edge.sandbox.test", "EDGE.sandbox.test.", "a.edge.sandbox.test"])
async def test_the_services_own_target_is_nobodys_domain(
    context: Context, organization: Organization, name: str
) -> None:
    with pytest.raises(InvalidInput, match="belongs to this service itself"):
        await additions.add(context, organization.id, name)


async def test_an_id_that_another_domain_has_is_not_taken(context: Context, organization: Organization) -> None:
    first = await additions.add(context, organization.id, "first.customer.test")
    await checks.record(context, first.id, [seen(first.name, cf_id="cf-1")])
    await additions.add(context, organization.id, "second.customer.test")
    job = next(job for job in await all_jobs(context, organization.id) if job.domain_name == "second.customer.test")
    with pytest.raises(Retryable, match="has already"):
        await register_job.record_registered(context, job, seen("second.customer.test", cf_id="cf-1"))


@pytest.fixture
def with_tokens(context: Context) -> Context:
    """Where every registration has a target of its own."""
    cloudflare = replace(context.config.cloudflare, cname_target="{token}.edge.sandbox.test")
    context.live_config.value = replace(context.config, cloudflare=cloudflare)
    return context


async def test_a_name_that_is_added_again_has_another_target(with_tokens: Context, organization: Organization) -> None:
    first = await additions.add(with_tokens, organization.id, "app.customer.test")
    await removals.remove(with_tokens, organization.id, first.id)
    second = await additions.add(with_tokens, organization.id, "app.customer.test")
    assert first.cname_target.endswith(".edge.sandbox.test")
    assert second.cname_target.endswith(".edge.sandbox.test")
    assert first.cname_target != second.cname_target
    stored = await queries.get(with_tokens, organization.id, second.id)
    assert stored.cname_target == second.cname_target


@pytest.mark.parametrize("name", ["edge.sandbox.test", "a.edge.sandbox.test"])
async def test_what_carries_the_tokens_is_nobodys_domain(
    with_tokens: Context, organization: Organization, name: str
) -> None:
    with pytest.raises(InvalidInput, match="belongs to this service itself"):
        await additions.add(with_tokens, organization.id, name)


async def test_a_delegated_domain_knows_where_its_challenge_points_once_cloudflare_named_the_suffix(
    context: Context, organization: Organization
) -> None:
    early = await additions.add(context, organization.id, "early.customer.test", validation="delegated")
    assert early.challenge_target is None
    zone, suffix = context.config.cloudflare.zone_id, "0123456789abcdef.dcv.cloudflare.com"
    await context.database.write(lambda tx: cloudflare_zones.store_delegation_suffix(tx, zone, suffix, context.now()))
    late = await additions.add(context, organization.id, "late.customer.test", wildcard=True)
    assert (late.validation, late.wildcard) == ("delegated", True)
    assert late.challenge_target == f"late.customer.test.{suffix}"
    plain = await additions.add(context, organization.id, "plain.customer.test")
    assert (plain.validation, plain.challenge_target) == ("http", None)
    assert await queries.get(context, organization.id, late.id) == late
    await removals.remove(context, organization.id, late.id)
    records = (await bodies(context, organization.id))[-1]["data"]["records_to_remove"]
    assert [record["name"] for record in records] == [
        "late.customer.test",
        "_acme-challenge.late.customer.test",
        "*.late.customer.test",
    ]


async def test_a_name_too_long_for_its_challenge_is_refused_only_where_it_is_delegated(
    context: Context, organization: Organization
) -> None:
    name = ".".join(["a" * 55] * 4) + ".customer.test"
    with pytest.raises(InvalidInput, match="too long to be validated by delegation"):
        await additions.add(context, organization.id, name, validation="delegated")
    await additions.add(context, organization.id, name)


async def test_who_added_and_removed_a_domain_is_in_its_timeline(context: Context, organization: Organization) -> None:
    domain = await additions.add(context, organization.id, "app.customer.test", actor="token:token_1")
    await removals.remove(context, organization.id, domain.id, actor="operator")
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT actor FROM timeline WHERE domain_id = ? ORDER BY at, id", (domain.id,)
        )
    )
    assert rows == [("token:token_1",), ("operator",)]
