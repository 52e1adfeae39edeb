"""A name is its who proves it: claims without a proof give way, and nobody learns of others before their own proof."""

from typing import Final

import pytest
from msgspec.structs import replace

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.claims import MAX_CLAIMS, proof_text
from dcvd.core.domains.domain import Domain, DomainStatus, Proof
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence
from dcvd.core.instants import HOUR
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.tokens.token import Role
from dcvd.services import audit, organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.lifecycle import checks, claims, register_job
from dcvd.services.zones import checks as zone_checks
from dcvd.services.zones import registry as zones
from dcvd.store import domains
from dcvd.store.audit import AuditFilters
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs, bodies, event_names

NAME: Final = "www.customer.test"
SHARED: Final = "edge.sandbox.test"
NOT_POINTED_HERE: Final = "custom hostname does not CNAME to this zone."


def dns(domain: Domain, *, chain: str | None = None, text: str | None = None) -> DnsObservation:
    """What a check finds: where the CNAME leads, and the TXT record of a proof."""
    return DnsObservation(
        DnsFacts(
            hostname=NAME,
            target=domain.cname_target,
            outcome="answered",
            exists=chain is not None,
            chain=() if chain is None else (chain,),
            proof_texts=() if text is None else ("v=spf1 -all", text),
        )
    )


def serving(cf_id: str = "cf-1") -> CloudflareHostname:
    return CloudflareHostname(id=cf_id, hostname=NAME, status="active", ssl_status="active")


def pending(cf_id: str = "cf-1") -> CloudflareHostname:
    return CloudflareHostname(id=cf_id, hostname=NAME, status="pending", ssl_status="pending_validation")


async def look(context: Context, domain: Domain, *observations: Observation) -> Domain:
    checked = await checks.record(context, domain.id, observations)
    assert checked is not None
    return checked


async def claims_on_name(context: Context) -> list[Domain]:
    return await context.database.read(lambda snapshot: domains.list_by_name(snapshot, NAME))


async def pending_jobs(context: Context, org_id: str) -> list[str]:
    return [job.kind for job in await all_jobs(context, org_id) if job.next_attempt_at is not None]


@pytest.fixture
def with_tokens(context: Context) -> Context:
    """Where every claim has a target of its own."""
    cloudflare = replace(context.config.cloudflare, cname_target="{token}.edge.sandbox.test")
    context.live_config.value = replace(context.config, cloudflare=cloudflare)
    return context


async def test_a_name_that_nobody_has_proved_may_be_claimed_by_several(
    context: Context, org: str, rival_org: str
) -> None:
    first = await additions.add(context, org, NAME)
    second = await additions.add(context, rival_org, NAME)
    assert [(each.org_id, each.is_contested) for each in await claims_on_name(context)] == [
        (org, True), (rival_org, True)
    ]  # fmt: skip
    await removals.remove(context, org, first.id)
    assert [(each.id, each.is_contested) for each in await claims_on_name(context)] == [(second.id, False)]


@pytest.mark.parametrize("proof", ["own_target", "txt"])
async def test_whoever_proves_the_name_has_it_with_its_hostname_at_cloudflare_and_the_others_are_told(
    with_tokens: Context, org: str, rival_org: str, proof: str
) -> None:
    context = with_tokens
    squatter = await look(context, await additions.add(context, rival_org, NAME), pending())
    owner = await additions.add(context, org, NAME)
    evidence = (
        dns(owner, chain=owner.cname_target)
        if proof == "own_target"
        else dns(owner, chain="elsewhere.test", text=proof_text(owner.id))
    )
    proved = await look(context, owner, evidence)
    assert (proved.proof, proved.cf_id, proved.is_contested) == (proof, "cf-1", False)
    assert proved.next_check_at == context.now(), "what Cloudflare says of the hostname is asked at once"
    (kept,) = await claims_on_name(context)
    assert kept == proved
    removed = (await bodies(context, rival_org))[-1]
    assert (removed["event"], removed["data"]["reason"]) == ("domain.removed", "claimed_by_another")
    assert removed["data"]["domain_id"] == squatter.id
    assert owner.id not in str(removed)
    assert org not in str(removed)
    assert await pending_jobs(context, rival_org) == [], "its registration ends, and the hostname is not removed"
    active = await look(context, proved, dns(owner, chain=owner.cname_target), serving())
    assert active.status is DomainStatus.ACTIVE


async def test_what_cloudflare_validated_for_the_owner_counts_for_no_claim_that_is_not_proved(
    with_tokens: Context, org: str, rival_org: str
) -> None:
    context = with_tokens
    squatter = await additions.add(context, rival_org, NAME)
    await additions.add(context, org, NAME)
    looked = await look(context, squatter, dns(squatter, chain="owners.edge.sandbox.test"), serving())
    assert (looked.status, looked.proof, looked.cf_id) == (DomainStatus.PENDING_CNAME, None, "cf-1")
    assert (looked.cf_status, looked.cf_ssl_status, looked.certificate) == ("pending", "pending_validation", None)


async def test_a_shared_target_is_enough_while_nobody_contests_and_gives_way_to_a_text_record(
    context: Context, org: str, rival_org: str
) -> None:
    first = await additions.add(context, rival_org, NAME)
    held = await look(context, first, dns(first, chain=SHARED), serving())
    assert (held.status, held.proof) == (DomainStatus.ACTIVE, Proof.SHARED_CNAME)
    later = await additions.add(context, org, NAME)
    waiting = await look(context, later, dns(later, chain=SHARED))
    assert (waiting.status, waiting.proof) == (DomainStatus.PENDING_CNAME, None)
    assert waiting.findings[0].code == "ownership_unproved"
    assert waiting.findings[0].fix is not None
    assert waiting.findings[0].fix.value == proof_text(later.id)
    still = await look(context, held, dns(held, chain=SHARED), serving())
    assert still.status is DomainStatus.ACTIVE, "a claim alone takes nothing from whoever serves"
    proved = await look(context, later, dns(later, chain=SHARED, text=proof_text(later.id)))
    assert (proved.status, proved.proof, proved.cf_id) == (DomainStatus.ISSUING, Proof.TXT, "cf-1")
    assert (await claims_on_name(context)) == [proved]


async def test_a_proved_name_stays_with_its_holder_and_whoever_proves_it_too_is_told_that_alone(
    context: Context, org: str, rival_org: str
) -> None:
    holder = await additions.add(context, org, NAME)
    holder = await look(context, holder, dns(holder, text=proof_text(holder.id)))
    later = await additions.add(context, rival_org, NAME)
    blind = await look(context, later, dns(later))
    assert (blind.status, blind.error) == (DomainStatus.PENDING_CNAME, None)
    for _ in range(2):
        refused = await look(context, later, dns(later, text=proof_text(later.id)))
        assert refused.status is DomainStatus.ERROR
        assert refused.error is not None
        assert refused.error.code == "domain_held"
    told = await bodies(context, rival_org)
    assert [body["event"] for body in told] == ["domain.added", "dns.check_failed", "domain.error"]
    assert holder.id not in str(told)
    assert org not in str(told)
    await removals.remove(context, org, holder.id)
    freed = await look(context, later, dns(later, text=proof_text(later.id)))
    assert (freed.proof, freed.error, freed.status) == (Proof.TXT, None, DomainStatus.PENDING_CNAME)


async def test_an_error_that_another_holds_the_name_ends_with_the_proof(
    context: Context, org: str, rival_org: str
) -> None:
    holder = await additions.add(context, org, NAME)
    await look(context, holder, dns(holder, text=proof_text(holder.id)))
    later = await additions.add(context, rival_org, NAME)
    await look(context, later, dns(later, text=proof_text(later.id)))
    unanswered = DnsObservation(DnsFacts(hostname=NAME, target=SHARED, outcome="unanswered"))
    assert (await look(context, later, unanswered)).status is DomainStatus.ERROR
    assert (await look(context, later, dns(later))).status is DomainStatus.PENDING_CNAME


async def test_another_organizations_text_record_proves_nothing(context: Context, org: str, rival_org: str) -> None:
    owner = await additions.add(context, org, NAME)
    squatter = await additions.add(context, rival_org, NAME)
    looked = await look(context, squatter, dns(squatter, chain=SHARED, text=proof_text(owner.id)))
    assert (looked.proof, looked.status) == (None, DomainStatus.PENDING_CNAME)


async def test_a_hostname_that_was_registered_for_two_claims_at_once_is_ones_and_the_other_is_parked(
    context: Context, org: str, rival_org: str
) -> None:
    first = await additions.add(context, org, NAME)
    second = await additions.add(context, rival_org, NAME)
    for domain in (first, second):
        (job,) = [job for job in await all_jobs(context, domain.org_id) if job.kind == "register"]
        await register_job.record_registered(context, job, pending())
    one, other = await claims_on_name(context)
    assert (one.cf_id, other.cf_id, other.is_parked) == ("cf-1", None, True)
    assert (other.cf_status, other.cf_ssl_status) == ("pending", "initializing"), "as if its own had just been created"
    assert await pending_jobs(context, rival_org) == []
    await removals.remove(context, org, first.id)
    assert await pending_jobs(context, org) == ["deregister"]
    assert await pending_jobs(context, rival_org) == ["register"]


async def test_the_removal_of_a_parked_claim_looks_like_any_other_and_leaves_the_hostname(
    context: Context, org: str, rival_org: str
) -> None:
    first = await look(context, await additions.add(context, org, NAME), pending())
    second = await additions.add(context, rival_org, NAME)
    (job,) = [job for job in await all_jobs(context, rival_org) if job.kind == "register"]
    await register_job.record_registered(context, job, pending())
    await removals.remove(context, rival_org, second.id)
    assert await pending_jobs(context, rival_org) == ["deregister"]
    (kept,) = await claims_on_name(context)
    assert (kept.id, kept.cf_id) == (first.id, "cf-1")


async def test_the_removal_of_an_organization_leaves_the_last_claim_uncontested(
    context: Context, org: str, rival_org: str
) -> None:
    await additions.add(context, org, NAME)
    kept = await additions.add(context, rival_org, NAME)
    await context.database.write(lambda tx: tx.execute("DELETE FROM organizations WHERE id = ?", (org,)))
    assert [(each.id, each.is_contested) for each in await claims_on_name(context)] == [(kept.id, False)]


async def test_a_hostname_that_was_ordered_otherwise_is_made_as_ordered_by_whoever_takes_it_over(
    context: Context, org: str, rival_org: str
) -> None:
    await look(context, await additions.add(context, rival_org, NAME), pending())
    owner = await additions.add(context, org, NAME, wildcard=True)
    (job,) = await all_jobs(context, org)
    await register_job.record_registered(context, job, pending())
    assert await pending_jobs(context, org) == []
    await look(context, owner, dns(owner, text=proof_text(owner.id)))
    assert await pending_jobs(context, org) == ["register"]


async def test_of_too_many_claims_the_oldest_without_proof_gives_way(
    context: Context, org: str, clock: ManualClock
) -> None:
    holder = await additions.add(context, org, NAME)
    await look(context, holder, dns(holder, text=proof_text(holder.id)))
    others = [(await organizations.create(context, f"Org {number}")).id for number in range(MAX_CLAIMS)]
    for other in others:
        clock.advance(1)
        await additions.add(context, other, NAME)
    left = [each.org_id for each in await claims_on_name(context)]
    assert left == [org, *others[1:]]
    removed = (await bodies(context, others[0]))[-1]
    assert (removed["event"], removed["data"]["reason"]) == ("domain.removed", "too_many_claims")


async def test_a_claim_that_was_proved_meanwhile_is_not_proved_again(context: Context, org: str) -> None:
    domain = await additions.add(context, org, NAME)
    proved = await look(context, domain, dns(domain, text=proof_text(domain.id)))
    again = await look(context, domain, dns(domain, chain=SHARED, text=proof_text(domain.id)))
    assert (again.proof, again.proved_at) == (proved.proof, proved.proved_at)
    assert await event_names(context, org) == ["domain.added", "dns.check_failed", "dns.verified"]


async def test_an_operators_proof_takes_the_name_from_its_holder(context: Context, org: str, rival_org: str) -> None:
    holder = await additions.add(context, org, NAME)
    await look(context, holder, dns(holder, text=proof_text(holder.id)))
    later = await additions.add(context, rival_org, NAME)

    settlement = await context.database.write(
        lambda tx: claims.prove(context, tx, domains.find_by_ids(tx, [later.id])[later.id], Proof.OPERATOR)
    )
    assert (settlement.is_held, settlement.domain.proof) == (False, Proof.OPERATOR)
    assert [each.id for each in await claims_on_name(context)] == [later.id]


@pytest.mark.parametrize("by_proof", [True, False])
async def test_whoever_loses_a_name_to_another_organization_does_not_learn_by_whose_token(
    context: Context, org: str, rival_org: str, clock: ManualClock, by_proof: bool
) -> None:
    await additions.add(context, rival_org, NAME)
    clock.advance(1)
    if by_proof:
        zone = await zones.add(context, org, "customer.test")
        await context.database.write(lambda tx: zone_checks.record(context, tx, zone.id, (proof_text(zone.id),)))
    else:
        for number in range(MAX_CLAIMS - 1):
            await additions.add(context, (await organizations.create(context, f"Org {number}")).id, NAME)
    token = Caller(
        kind=CallerKind.TOKEN, role=Role.OWNER, id="token_1", org_id=org, request_id="request-1", address="192.0.2.7"
    )
    await additions.add(context.for_caller(token), org, NAME)
    own, removed = [
        (await audit.list_page(context, each, AuditFilters(), cursor=None, limit=1)).items[0]
        for each in (org, rival_org)
    ]
    assert (own.action, own.actor, own.address) == ("domain.added", "token:token_1", "192.0.2.7")
    assert (removed.action, removed.actor) == ("domain.removed", "daemon")
    assert (removed.address, removed.request_id) == (None, None)


async def test_a_name_that_hides_where_it_points_says_the_same_whether_others_claim_it_or_not(
    context: Context, org: str, rival_org: str, clock: ManualClock
) -> None:
    await additions.add(context, rival_org, NAME)
    told = []
    for name in (NAME, "free.customer.test"):
        domain = await additions.add(context, org, name)
        proxied = DnsFacts(
            hostname=name, target=domain.cname_target, outcome="answered", exists=True, addresses=("104.16.1.1",),
            nameservers=("a.ns.cloudflare.com",),
        )  # fmt: skip
        (job,) = [job for job in await all_jobs(context, org) if job.domain_id == domain.id]
        unvalidated = replace(pending(), id=name, hostname=name, verification_errors=(NOT_POINTED_HERE,))
        await register_job.record_registered(context, job, unvalidated)
        clock.advance(2 * HOUR)
        looked = await look(context, domain, DnsObservation(proxied), unvalidated)
        clock.advance(-2 * HOUR)
        text = str(findings_of(looked, context.now()))
        assert proof_text(domain.id) in text, "what proves the claim is said in any case"
        text = text.replace(name, "NAME").replace(proof_text(domain.id), "TEXT")
        label = name.partition(".")[0]
        for quoted in (f"`{label}`", f"'{label}'"):
            text = text.replace(quoted, "LABEL")
        told.append(text)
    assert told[0] == told[1]
    assert "ownership_unproved" not in told[0]


async def test_a_claim_whose_hostname_was_deleted_while_another_held_the_name_is_registered_again_once_it_is_free(
    context: Context, org: str, clock: ManualClock
) -> None:
    zone = await zones.add(context, (await organizations.create(context, "Rival")).id, "customer.test")
    await context.database.write(lambda tx: zone_checks.record(context, tx, zone.id, (proof_text(zone.id),)))
    domain = await look(context, await additions.add(context, org, NAME), pending())
    text = proof_text(domain.id)
    for _ in range(2):
        held = await look(context, domain, dns(domain, text=text), CloudflareHostnameAbsence("cf-1"))
        assert held.error is not None
        assert held.error.code == "domain_held"
    await zones.remove(context, zone.org_id, zone.id)
    clock.advance(HOUR)
    freed = await look(context, domain, dns(domain, text=text))
    assert (freed.proof, freed.awaits_reregistration) == (Proof.TXT, True)
    told = [body["data"]["error"]["code"] for body in await bodies(context, org) if body["event"] == "domain.error"]
    assert told == ["deleted", "domain_held"]
