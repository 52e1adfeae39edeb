"""A proved zone makes the names in it its organization's, and takes from nobody what they have proved."""

from contextlib import nullcontext
from typing import Final

import pytest

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.claims import proof_text
from dcvd.core.domains.domain import Domain, DomainStatus, Proof
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import HOUR
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.zones.zone import Zone, ZoneStatus
from dcvd.errors import RemoteError, Retryable
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import BulkAdditions, validate_line
from dcvd.services.lifecycle import checks
from dcvd.services.zones import registry
from dcvd.services.zones.checks import ZoneChecker
from dcvd.store import domains, zones
from dcvd.sync.zone_loop import ZoneLoop
from tests.manual_clock import ManualClock
from tests.services.views import bodies

ZONE: Final = "customer.test"
NAME: Final = "www.customer.test"
SHARED: Final = "edge.sandbox.test"


class Texts:
    """The TXT records in DNS, by name."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, ...]] = {}
        self.asked: list[str] = []
        self.fails: RemoteError | Exception | None = None

    async def read_texts(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        if self.fails is not None:
            raise self.fails
        return self.known.get(name, ())

    def prove(self, zone: Zone) -> None:
        name = f"_dcvd.{zone.name}"
        self.known[name] = (*self.known.get(name, ()), proof_text(zone.id))


@pytest.fixture
def texts() -> Texts:
    return Texts()


@pytest.fixture
def loop(context: Context, texts: Texts) -> ZoneLoop:
    return ZoneLoop(context, ZoneChecker(context, texts))


async def work_off(loop: ZoneLoop) -> None:
    while await loop.run_round():
        pass


async def proved_zone(context: Context, loop: ZoneLoop, texts: Texts, org_id: str, name: str = ZONE) -> Zone:
    zone = await registry.add(context, org_id, name)
    texts.prove(zone)
    await work_off(loop)
    return await registry.get(context, org_id, zone.id)


def dns(domain: Domain, *, chain: str | None = None, text: str | None = None) -> DnsObservation:
    chains = () if chain is None else (chain,)
    facts = DnsFacts(
        hostname=domain.name, target=domain.cname_target, outcome="answered", exists=True, chain=chains,
        proof_texts=() if text is None else (text,),
    )  # fmt: skip
    return DnsObservation(facts)


async def look(context: Context, domain: Domain, observation: DnsObservation) -> Domain:
    checked = await checks.record(context, domain.id, [observation])
    assert checked is not None
    return checked


async def claims_on(context: Context, name: str) -> list[Domain]:
    return await context.database.read(lambda snapshot: domains.list_by_name(snapshot, name))


async def test_a_zone_is_proved_by_its_record_and_what_is_added_in_it_is_proved_at_once(
    context: Context, loop: ZoneLoop, texts: Texts, org: str
) -> None:
    zone = await proved_zone(context, loop, texts, org)
    assert (zone.status, zone.proved_at, zone.next_check_at) == (ZoneStatus.PROVED, context.now(), None)
    inside = [await additions.add(context, org, name) for name in (ZONE, NAME, "a.b.customer.test")]
    assert {domain.proof for domain in inside} == {Proof.ZONE}
    outside = await additions.add(context, org, "xcustomer.test")
    assert outside.proof is None


async def test_domains_that_were_added_before_are_proved_with_the_zone(
    context: Context, loop: ZoneLoop, texts: Texts, org: str
) -> None:
    lines = [
        validate_line(context, number, DomainRequest(domain_name=f"n{number}.customer.test"))
        for number in range(1, 121)
    ]
    call = BulkAdditions(context, BulkRequest(org_id=org, actor="operator"))
    added = [result async for results in call.add_lines(lines) for result in results]
    other = await additions.add(context, org, "customer2.test")
    await proved_zone(context, loop, texts, org)
    for result in added:
        assert (await queries.get(context, org, result.domain_id or "")).proof is Proof.ZONE
    assert (await queries.get(context, org, other.id)).proof is None


async def test_the_proof_of_a_zone_ends_the_claims_of_others_on_the_names_that_its_organization_has(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    mine, theirs = await additions.add(context, org, NAME), await additions.add(context, rival_org, NAME)
    untouched = await additions.add(context, rival_org, "shop.customer.test")
    serving = await look(context, untouched, dns(untouched, chain=SHARED))
    await proved_zone(context, loop, texts, org)
    assert [claim.id for claim in await claims_on(context, NAME)] == [mine.id]
    removed = (await bodies(context, rival_org))[-1]
    assert (removed["data"]["domain_id"], removed["data"]["reason"]) == (theirs.id, "claimed_by_another")
    assert await claims_on(context, "shop.customer.test") == [serving], "what serves goes on until the name is claimed"
    taken = await additions.add(context, org, "shop.customer.test")
    assert (taken.proof, taken.cf_id) == (Proof.ZONE, serving.cf_id)
    assert [claim.id for claim in await claims_on(context, "shop.customer.test")] == [taken.id]


async def test_what_was_proved_before_stays_with_its_holder_and_the_zones_organization_is_told(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    holder = await additions.add(context, rival_org, NAME)
    holder = await look(context, holder, dns(holder, text=proof_text(holder.id)))
    await proved_zone(context, loop, texts, org)
    mine = await additions.add(context, org, NAME)
    told = await look(context, mine, dns(mine))
    assert told.error is not None
    assert told.error.code == "domain_held"
    assert (await queries.get(context, rival_org, holder.id)).proof is Proof.TXT


async def test_a_claim_that_is_held_although_its_zone_proves_it_never_sleeps(
    context: Context, clock: ManualClock, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    holder = await additions.add(context, rival_org, NAME)
    await look(context, holder, dns(holder, text=proof_text(holder.id)))
    mine = await additions.add(context, org, NAME)
    for asleep in (False, True, False):
        if not asleep:
            await proved_zone(context, loop, texts, org)
        for _ in range(31 * 4 if asleep else 1):
            clock.advance(6 * HOUR)
            mine = await look(context, mine, dns(mine))
        is_held = mine.error is not None and mine.error.code == "domain_held"
        assert (mine.dormant_since is not None, is_held) == (asleep, not asleep)
        for zone in (await registry.list_page(context, org, cursor=None, limit=9)).items:
            await registry.remove(context, org, zone.id)


@pytest.mark.parametrize("chain", [SHARED, None])
async def test_a_name_in_anothers_proved_zone_can_be_added_and_is_never_proved(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str, chain: str | None
) -> None:
    await proved_zone(context, loop, texts, org)
    theirs = await additions.add(context, rival_org, NAME)
    blind = await look(context, theirs, dns(theirs))
    assert (blind.status, blind.error) == (DomainStatus.PENDING_CNAME, None)
    for _ in range(2):
        held = await look(context, theirs, dns(theirs, chain=chain, text=proof_text(theirs.id)))
        assert (held.status, held.proof) == (DomainStatus.ERROR, None)
        assert held.error is not None
        assert held.error.code == "domain_held"
    assert [body["event"] for body in await bodies(context, rival_org)].count("domain.error") == 1


async def test_nobody_learns_that_a_name_is_in_anothers_zone_by_leading_it_here(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    await proved_zone(context, loop, texts, org)
    theirs = await additions.add(context, rival_org, NAME)
    serving = CloudflareHostname(id="cf-1", hostname=NAME, status="active", ssl_status="active")
    pointing = dns(theirs, chain=theirs.cname_target)
    told: list[list[Observation]] = [[pointing], [serving], [pointing, serving]]
    for observations in told:
        seen = await checks.record(context, theirs.id, observations)
        assert seen is not None
        assert (seen.status, seen.error, seen.proof) == (DomainStatus.PENDING_CNAME, None, None)
    assert "domain.error" not in [body["event"] for body in await bodies(context, rival_org)]


async def test_a_zone_that_another_organization_proved_before_is_held(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str, clock: ManualClock
) -> None:
    first = await proved_zone(context, loop, texts, org)
    second = await proved_zone(context, loop, texts, rival_org)
    assert second.status is ZoneStatus.HELD
    await registry.remove(context, org, first.id)
    checker = ZoneChecker(context, texts)
    check = await checker.check_now(context, rival_org, second.id, nullcontext())
    assert (check.zone.status, check.is_fresh) == (ZoneStatus.PROVED, True)


async def test_of_nested_zones_the_nearest_counts(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    await proved_zone(context, loop, texts, org)
    await proved_zone(context, loop, texts, rival_org, "shop.customer.test")
    theirs = await additions.add(context, rival_org, "a.shop.customer.test")
    mine = await additions.add(context, org, "a.shop.customer.test")
    assert theirs.proof is Proof.ZONE
    assert mine.proof is None


async def test_who_proved_the_zone_around_anothers_has_no_name_in_that_one_for_being_the_first_to_add_it(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    await proved_zone(context, loop, texts, org)
    await proved_zone(context, loop, texts, rival_org, "shop.customer.test")
    mine = await additions.add(context, org, "a.shop.customer.test")
    assert mine.proof is None
    theirs = await additions.add(context, rival_org, "a.shop.customer.test")
    assert theirs.proof is Proof.ZONE
    assert [claim.id for claim in await claims_on(context, theirs.name)] == [theirs.id]


@pytest.mark.parametrize("is_contested", [False, True])
async def test_a_claim_that_only_serves_stays_so_in_anothers_zone_and_gives_way_whatever_it_proves_later(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str, is_contested: bool
) -> None:
    theirs = await additions.add(context, rival_org, NAME)
    await look(context, theirs, dns(theirs, chain=SHARED))
    await proved_zone(context, loop, texts, org)
    if is_contested:
        await additions.add(context, (await organizations.create(context, "Third")).id, NAME)
    later = await look(context, theirs, dns(theirs, chain=SHARED, text=proof_text(theirs.id)))
    assert (later.status, later.proof, later.is_contested) == (DomainStatus.ISSUING, Proof.SHARED_CNAME, is_contested)
    mine = await additions.add(context, org, NAME)
    assert [claim.id for claim in await claims_on(context, NAME)] == [mine.id]


async def test_when_a_zone_within_anothers_is_removed_the_claims_in_it_are_proved_by_the_one_around_it(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    await proved_zone(context, loop, texts, org)
    inner = await proved_zone(context, loop, texts, rival_org, "shop.customer.test")
    mine = await additions.add(context, org, "a.shop.customer.test")
    await registry.remove(context, rival_org, inner.id)
    await work_off(loop)
    assert (await queries.get(context, org, mine.id)).proof is Proof.ZONE


async def test_domains_that_a_zone_has_proved_stay_proved_without_it(
    context: Context, loop: ZoneLoop, texts: Texts, org: str
) -> None:
    zone = await proved_zone(context, loop, texts, org)
    domain = await additions.add(context, org, NAME)
    await registry.remove(context, org, zone.id)
    assert (await queries.get(context, org, domain.id)).proof is Proof.ZONE
    assert (await additions.add(context, org, "late.customer.test")).proof is None


async def test_each_organization_has_one_zone_looked_at_in_a_round(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    for number in range(20):
        await registry.add(context, rival_org, f"zone{number}.test")
    await registry.add(context, org, ZONE)
    assert await loop.run_round() == 2
    assert f"_dcvd.{ZONE}" in texts.asked


@pytest.mark.parametrize("failure", [Retryable("No answer."), RuntimeError("a fault of ours")])
async def test_a_look_that_fails_is_made_again_later_and_proves_nothing(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, failure: Exception
) -> None:
    zone = await registry.add(context, org, ZONE)
    texts.fails = failure
    assert await loop.run_round() == 1
    assert await loop.run_round() == 0
    waiting = await registry.get(context, org, zone.id)
    assert waiting.status is ZoneStatus.PENDING
    assert waiting.next_check_at is not None
    assert waiting.next_check_at > context.now()


async def test_the_removal_of_an_organization_removes_its_zones(
    context: Context, loop: ZoneLoop, texts: Texts, org: str, rival_org: str
) -> None:
    await proved_zone(context, loop, texts, org)
    await context.database.write(lambda tx: tx.execute("DELETE FROM organizations WHERE id = ?", (org,)))
    assert await context.database.read(lambda snapshot: zones.list_holders(snapshot, [ZONE])) == {}
    assert (await proved_zone(context, loop, texts, rival_org)).status is ZoneStatus.PROVED
