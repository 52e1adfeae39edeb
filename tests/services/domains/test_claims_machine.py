"""Three organizations claim one name, prove zones, sleep, move and remove: the name never has two holders.

Cloudflare is played by what jobs and checks store: a hostname is created by a `register` job and removed by a
`deregister` job, and is validated as soon as the name leads anywhere in the service.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace

from dcvd.api.domains.view import domain_view
from dcvd.config import CloudflareConfig, Config, Live
from dcvd.config.sections import DomainsConfig
from dcvd.core.domains.claims import proof_text
from dcvd.core.domains.dns_facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import HOUR
from dcvd.core.jobs import Job
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.zones.zone import Zone
from dcvd.errors import DcvdError
from dcvd.services.context import Context
from dcvd.services.domains import additions, details, moves, removals
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks, hostname_assignment, register_job
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER
from dcvd.services.organizations import registry as organizations
from dcvd.services.zones import checks as zone_checks
from dcvd.services.zones import registry as zones
from dcvd.store import domains
from dcvd.store.engine.database import Database
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs, bodies

NAME: Final = "www.customer.test"
ZONE: Final = "customer.test"
ORGS: Final = st.integers(0, 2)


class Claims(RuleBasedStateMachine):
    """The daemon's claims on one name, and what is known of them outside."""

    directory: Path
    blank: Path
    counter = 0

    def __init__(self) -> None:
        super().__init__()
        Claims.counter += 1
        self.loop = asyncio.new_event_loop()
        path = self.directory / f"{Claims.counter}.db"
        path.write_bytes(self.blank.read_bytes())
        self.clock = ManualClock(1_800_000_000_000)
        config = Config(
            domains=DomainsConfig(allow_reserved_tlds=("test",), dormant_after=2 * HOUR),
        )
        self.database = self.run(Database.open(path, readers=1))
        self.context = Context(self.database, Live(config), clock=self.clock, random_fraction=lambda: 0.0)
        self.orgs = [self.run(organizations.create(self.context, f"Org {number}")).id for number in range(3)]
        self.chain: str | None = None
        self.texts: set[str] = set()
        self.hostname: str | None = None
        self.hostnames = 0
        self.holder: Domain | None = None
        self.ended_by_owner: set[str] = set()
        self.added: dict[str, str] = {}

    def run(self, awaitable: Any) -> Any:
        return self.loop.run_until_complete(awaitable)

    def teardown(self) -> None:
        self.run(self.database.close())
        self.loop.close()

    @initialize(is_shared=st.booleans())
    def choose_targets(self, is_shared: bool) -> None:
        """All claims share one target, or each has its own."""
        config = self.context.config
        target = "edge.sandbox.test" if is_shared else "{token}.edge.sandbox.test"
        self.context.live_config.value = replace(config, cloudflare=CloudflareConfig(cname_target=target))

    # What is there.

    def claims(self) -> list[Domain]:
        return self.run(self.database.read(lambda snapshot: domains.list_by_name(snapshot, NAME)))  # type: ignore[no-any-return]

    def claim_of(self, org: int) -> Domain | None:
        return next((claim for claim in self.claims() if claim.org_id == self.orgs[org]), None)

    def zones_of(self, org: int) -> list[Zone]:
        page = self.run(zones.list_page(self.context, self.orgs[org], cursor=None, limit=9))
        return page.items  # type: ignore[no-any-return]

    def facts(self, claim: Domain) -> DnsObservation:
        chain = () if self.chain is None else (self.chain,)
        return DnsObservation(
            DnsFacts(
                hostname=NAME,
                target=claim.cname_target,
                outcome="answered",
                exists=self.chain is not None,
                chain=chain,
                proof_texts=tuple(sorted(self.texts)),
            )
        )

    def cloudflare(self) -> CloudflareHostname:
        assert self.hostname is not None
        status = ("active", "active") if self.chain is not None else ("pending", "pending_validation")
        return CloudflareHostname(id=self.hostname, hostname=NAME, status=status[0], ssl_status=status[1])

    # What happens.

    @rule(org=ORGS, wildcard=st.booleans())
    def add(self, org: int, wildcard: bool) -> None:
        self.clock.advance(1)
        try:
            domain = self.run(additions.add(self.context, self.orgs[org], NAME, wildcard=wildcard))
        except DcvdError:
            return
        self.added[domain.id] = domain.org_id

    @rule(org=ORGS)
    def remove(self, org: int) -> None:
        claim = self.claim_of(org)
        if claim is not None:
            self.run(removals.remove(self.context, claim.org_id, claim.id))
            self.ended_by_owner.add(claim.id)

    @rule(org=ORGS)
    def lead_the_name_to(self, org: int) -> None:
        claim = self.claim_of(org)
        self.chain = None if claim is None else claim.cname_target

    @rule(org=ORGS)
    def place_or_take_the_text_of(self, org: int) -> None:
        claim = self.claim_of(org)
        if claim is not None:
            self.texts ^= {proof_text(claim.id)}

    @rule(org=ORGS, by_text=st.booleans())
    def prove(self, org: int, by_text: bool) -> None:
        """An organization adds the name, or has it already, and shows in DNS that it is its own."""
        self.add(org, wildcard=False)
        claim = self.claim_of(org)
        assert claim is not None
        if by_text:
            self.texts.add(proof_text(claim.id))
        else:
            self.chain = claim.cname_target
        self.look(org, hours=0)

    @rule(first=ORGS, second=ORGS)
    def point_the_name_to_one_and_look_at_another(self, first: int, second: int) -> None:
        """Cloudflare validates the hostname for whoever has it, wherever in the service the name leads."""
        self.lead_the_name_to(first)
        self.work_at_cloudflare(0)
        self.look(second, hours=0)

    @rule()
    def take_the_record_away(self) -> None:
        self.chain = None

    @rule(org=ORGS, hours=st.integers(0, 3))
    def look(self, org: int, hours: int) -> None:
        self.clock.advance(hours * HOUR)
        claim = self.claim_of(org)
        if claim is None:
            return
        observations: list[Observation] = [self.facts(claim)]
        if claim.cf_id is not None and claim.cf_id == self.hostname:
            observations.append(self.cloudflare())
        self.run(checks.record(self.context, claim.id, observations))

    @rule(org=ORGS, is_proved=st.booleans())
    def claim_the_zone(self, org: int, is_proved: bool) -> None:
        with suppress(DcvdError):
            self.run(zones.add(self.context, self.orgs[org], ZONE))
        (zone,) = self.zones_of(org)
        texts = (proof_text(zone.id),) if is_proved else ()
        self.run(self.database.write(lambda tx: zone_checks.record(self.context, tx, zone.id, texts)))
        (zone,) = self.zones_of(org)
        if zone.settled_name is not None:
            self.run(zone_checks.settle_some(self.context, zone))

    @rule(org=ORGS)
    def remove_the_zone(self, org: int) -> None:
        for zone in self.zones_of(org):
            self.run(zones.remove(self.context, zone.org_id, zone.id))

    @rule(org=ORGS)
    def move_by_an_operator(self, org: int) -> None:
        self.clock.advance(1)
        if not self.claims():
            return
        moved = self.run(moves.move(self.context, self.orgs[org], NAME))
        self.added.setdefault(moved.id, moved.org_id)
        self.holder = None

    @rule(number=st.integers(0, 5))
    def work_at_cloudflare(self, number: int) -> None:
        """One of the pending jobs runs, unless it waits for another."""
        jobs = [job for org in self.orgs for job in self.run(all_jobs(self.context, org)) if job.next_attempt_at]
        removals_first = [job for job in jobs if job.kind == "deregister"] or [
            job for job in jobs if job.kind == "register"
        ]
        if not removals_first:
            return
        job: Job = removals_first[number % len(removals_first)]
        if job.kind == "deregister":
            cf_id = DEREGISTER.decode_payload(job).cf_id or self.hostname
            if cf_id == self.hostname and all(claim.cf_id != cf_id for claim in self.claims()):
                self.hostname = None
            self.run(queue.complete(self.context, job))
            return
        claim = next((each for each in self.claims() if each.id == job.domain_id), None)
        if claim is None or claim.dormant_since is not None or claim.cf_id is not None:
            self.run(queue.complete(self.context, job))
            return
        is_anothers = self.run(
            self.database.read(lambda snapshot: hostname_assignment.is_assigned_to_another(snapshot, claim))
        )
        if is_anothers:
            self.run(register_job.park(self.context, job))
            return
        if self.hostname is None:
            self.hostnames += 1
            self.hostname = f"cf-{self.hostnames}"
        observation = replace(self.cloudflare(), status="pending", ssl_status="initializing")
        self.run(register_job.record_registered(self.context, job, observation))

    # What always holds.

    @invariant()
    def at_most_one_claim_is_proved_and_at_most_one_has_the_hostname(self) -> None:
        claims = self.claims()
        assert sum(claim.proof is not None for claim in claims) <= 1
        assert sum(claim.cf_id is not None for claim in claims) <= 1
        assert all(claim.is_contested == (len(claims) > 1) for claim in claims)

    @invariant()
    def a_strong_holder_loses_the_name_by_a_move_or_its_own_removal_alone(self) -> None:
        strong = next((claim for claim in self.claims() if claim.has_strong_proof), None)
        if self.holder is not None and self.holder.id not in self.ended_by_owner:
            assert strong is not None
            assert strong.id == self.holder.id
        self.holder = strong

    @invariant()
    def who_has_proved_nothing_is_served_nothing(self) -> None:
        for claim in self.claims():
            serves = claim.status in (DomainStatus.ISSUING, DomainStatus.ACTIVE)
            assert not serves or claim.proof is not None
            if not claim.may_serve:
                assert claim.certificate is None
                assert claim.cf_status != "active"
            if claim.dormant_since is not None:
                assert (claim.proof, claim.cf_id, claim.status) == (None, None, DomainStatus.PENDING_CNAME)

    @invariant()
    def every_claim_that_ended_has_its_event_and_no_other_has(self) -> None:
        living = {claim.id for claim in self.claims()}
        told: dict[str, str] = {}
        for org in self.orgs:
            for body in self.run(bodies(self.context, org)):
                if body["event"] == "domain.removed":
                    told[body["data"]["domain_id"]] = body["data"]["reason"]
                    assert self.added[body["data"]["domain_id"]] == org
        assert set(told) == self.added.keys() - living
        assert {domain_id for domain_id, reason in told.items() if reason == "requested"} == self.ended_by_owner

    @invariant()
    def a_name_that_somebody_wants_has_a_hostname_or_a_job_that_gets_it(self) -> None:
        awake = [claim for claim in self.claims() if claim.dormant_since is None]
        pending = {
            job.kind for org in self.orgs for job in self.run(all_jobs(self.context, org)) if job.next_attempt_at
        }
        if awake and all(claim.error is None for claim in awake):
            assert any(claim.cf_id is not None for claim in awake) or "register" in pending


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_name_never_has_two_holders_whatever_three_organizations_do(tmp_path: Path, blank_database: Path) -> None:
    Claims.directory, Claims.blank = tmp_path, blank_database
    run_state_machine_as_test(
        Claims,
        settings=examples(0.4, stateful_step_count=30, suppress_health_check=list(HealthCheck)),
    )


def _shown(detail: details.DomainDetail) -> dict[str, Any]:
    """What a tenant sees of a claim, but for what is its own alone."""
    view = {name: getattr(domain_view(detail), name) for name in domain_view(detail).__struct_fields__}
    own = {"id", "org_id", "ownership", "cname_target", "required_records", "registration", "updated_at"}
    return {name: value for name, value in view.items() if name not in own}


async def test_until_it_is_proved_a_claim_shows_the_same_whether_or_not_another_has_the_name(
    context: Context, org: str, rival_org: str
) -> None:
    free = "free.customer.test"
    rival = await additions.add(context, rival_org, NAME)
    unvalidated = CloudflareHostname(
        id="cf-1",
        hostname=NAME,
        status="pending",
        ssl_status="pending_validation",
        verification_errors=("custom hostname does not CNAME to this zone.",),
    )
    proof = DnsObservation(
        DnsFacts(hostname=NAME, target="x", outcome="answered", exists=True, proof_texts=(proof_text(rival.id),))
    )
    await checks.record(context, rival.id, [proof, unvalidated])
    shown = []
    for number, name in enumerate((NAME, free)):
        domain = await additions.add(context, org, name)
        seen = [_shown(await details.get(context, org, domain.id))]
        (job,) = [job for job in await all_jobs(context, org) if job.domain_id == domain.id]
        if number:
            await register_job.record_registered(context, job, replace(unvalidated, id="cf-2", hostname=name))
        else:
            await register_job.park(context, job)
        detail = await details.get(context, org, domain.id)
        assert detail.queue_position is None
        seen.append(_shown(detail))
        missing = DnsObservation(DnsFacts(hostname=name, target=domain.cname_target, outcome="answered"))
        await checks.record(context, domain.id, [missing])
        seen.append(_shown(await details.get(context, org, domain.id)))
        shown.append(str(seen).replace(name, "NAME"))
    assert shown[0] == shown[1]
