"""Claims, their proofs in DNS and the one hostname at Cloudflare, against the sandbox."""

import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.domains.claims import proof_record
from dcvd.core.domains.domain import Domain, DomainStatus, Proof
from dcvd.core.instants import DAY, HOUR
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.zones import registry
from dcvd.services.zones.checks import ZoneChecker
from dcvd.store import audit
from dcvd.sync.checker import DomainChecker
from dcvd.sync.zone_loop import ZoneLoop
from tests.conftest import VAULT
from tests.jobs.ward import NAME, Ward
from tests.manual_clock import ManualClock


class Rivals:
    """Two organizations at one sandbox, and checks of DNS and Cloudflare as the daemon makes them."""

    def __init__(self, owner: Ward, squatter: Ward) -> None:
        self.owner = owner
        self.squatter = squatter
        self.sandbox = owner.sandbox
        self.observer = DnsObserver(owner.context.config)
        self.checker = DomainChecker(owner.context, owner.cloudflare, self.observer, Metrics())

    async def check(self, domain: Domain, *, is_thorough: bool = False) -> Domain:
        checked = await self.checker.check(domain, is_thorough=is_thorough)
        assert checked is not None
        return checked

    async def hostname_at_cloudflare(self) -> str | None:
        found = await self.owner.cloudflare.find(NAME)
        return None if found is None else found.id


@pytest.fixture
def rivals(
    context: Context, live_config: Live[Config], cloudflare: CloudflareClient, quick_sandbox: Sandbox, org: str,
    rival_org: str,
) -> Rivals:  # fmt: skip
    clock = ManualClock(SystemClock().now())
    here = Context(context.database, live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0)
    wards = [Ward(here, cloudflare, quick_sandbox, clock, each) for each in (org, rival_org)]
    return Rivals(*wards)


@pytest.fixture
def with_tokens(live_config: Live[Config]) -> None:
    """Every claim has a target of its own."""
    config = live_config.value
    target = "{token}.edge.sandbox.test"
    live_config.value = replace(config, cloudflare=replace(config.cloudflare, cname_target=target))


@pytest.mark.usefixtures("with_tokens")
async def test_a_squatter_loses_the_name_when_its_owner_points_it_to_their_own_target(rivals: Rivals) -> None:
    squatter = await rivals.squatter.registered()
    owner = await rivals.owner.added()
    assert (owner.cf_id, owner.is_parked) == (None, True)
    assert await rivals.hostname_at_cloudflare() == squatter.cf_id
    rivals.sandbox.set_dns(NAME, "CNAME", [f"{owner.cname_target}."])
    rivals.sandbox.world.clock.advance(DAY)
    waiting = await rivals.check(squatter)
    assert (waiting.status, waiting.proof) == (DomainStatus.PENDING_CNAME, None), "Cloudflare validated it for another"
    proved = await rivals.check(owner)
    assert (proved.proof, proved.cf_id) == (Proof.OWN_TARGET, squatter.cf_id)
    assert (await rivals.check(proved)).status is DomainStatus.ACTIVE
    await rivals.squatter.work()
    assert await rivals.hostname_at_cloudflare() == squatter.cf_id


async def test_a_text_record_proves_a_name_that_already_points_to_the_shared_target(rivals: Rivals) -> None:
    rivals.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    squatter = await rivals.squatter.registered()
    rivals.sandbox.world.clock.advance(DAY)
    assert (await rivals.check(squatter)).status is DomainStatus.ACTIVE
    owner = await rivals.owner.added()
    assert (await rivals.check(owner)).findings[0].code == "ownership_unproved"
    record = proof_record(owner.id, NAME)
    assert record is not None
    rivals.sandbox.set_dns(record.name, "TXT", ['"v=other"', f'"{record.value}"'])
    proved = await rivals.check(owner, is_thorough=True)  # that there was no such record may be remembered
    assert (proved.proof, proved.cf_id) == (Proof.TXT, squatter.cf_id)
    assert (await rivals.check(proved)).is_ready


async def test_a_hostname_that_was_ordered_otherwise_is_edited_after_it_was_taken_over(rivals: Rivals) -> None:
    await rivals.squatter.registered()
    added = await additions.add(rivals.owner.context, rivals.owner.org, NAME, wildcard=True)
    await rivals.owner.work()
    record = proof_record(added.id, NAME)
    assert record is not None
    rivals.sandbox.set_dns(record.name, "TXT", [f'"{record.value}"'])
    await rivals.check(await rivals.owner.domain(added.id))
    await rivals.owner.work()
    hostname = await rivals.owner.cloudflare.find(NAME)
    assert hostname is not None
    assert (hostname.method, hostname.wildcard) == ("txt", True)


async def test_when_the_claim_with_the_hostname_is_removed_the_next_gets_one_of_its_own(rivals: Rivals) -> None:
    first = await rivals.squatter.registered()
    second = await rivals.owner.added()
    await removals.remove(rivals.squatter.context, rivals.squatter.org, first.id)
    waiting = {job.kind for job in await rivals.owner.pending()}
    assert waiting == {"register"}, "it waits for the removal of the old hostname"
    await rivals.squatter.work()
    await rivals.owner.work()
    again = await rivals.owner.domain(second.id)
    assert again.cf_id not in (None, first.cf_id)
    assert await rivals.hostname_at_cloudflare() == again.cf_id


async def test_a_dormant_claim_has_no_hostname_and_gets_one_when_its_record_appears(
    rivals: Rivals, live_config: Live[Config]
) -> None:
    config = live_config.value
    live_config.value = replace(config, domains=replace(config.domains, dormant_after=8 * HOUR))
    domain = await rivals.owner.registered()
    for _ in range(3):
        rivals.owner.clock.advance(4 * HOUR)
        domain = await rivals.check(domain)
    assert domain.dormant_since is not None
    await rivals.owner.work()
    assert await rivals.hostname_at_cloudflare() is None
    rivals.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    rivals.owner.clock.advance(DAY)
    woken = await rivals.check(domain)
    assert (woken.dormant_since, woken.proof) == (None, Proof.SHARED_CNAME)
    await rivals.owner.work()
    assert await rivals.hostname_at_cloudflare() == (await rivals.owner.domain(domain.id)).cf_id is not None
    assert (await rivals.owner.events())["domain.dormant"] == 1
    entries = await rivals.owner.context.database.read(
        lambda snapshot: audit.list_forward(snapshot, domain.org_id, after=0, limit=99)
    )
    assert [(entry.action, entry.actor) for entry in entries if entry.object_id == domain.id] == [
        ("domain.added", "daemon"),
        ("domain.dormant", "daemon"),
        ("domain.woken", "daemon"),
    ]


async def test_a_zone_is_proved_by_its_record_in_dns(rivals: Rivals) -> None:
    context, org = rivals.owner.context, rivals.owner.org
    zone = await registry.add(context, org, "customer.test")
    record = proof_record(zone.id, zone.name)
    assert record is not None
    rivals.sandbox.set_dns(record.name, "TXT", [f'"{record.value}"'])
    loop = ZoneLoop(context, ZoneChecker(context, rivals.observer.zones))
    while await loop.run_round():
        pass
    assert (await registry.get(context, org, zone.id)).status == "proved"
