"""Three organizations claim one name, prove zones, sleep, move and remove: the name never has two holders.

Their jobs, checks and deletions stand at any await while the others act. Cloudflare has one hostname for a name, and
validates it as soon as the name leads anywhere in the service.
"""

from contextlib import suppress
from typing import Any, Final, cast

from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from msgspec import Struct
from msgspec.structs import replace

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.config.sections import DomainsConfig
from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.claims import is_held, proof_text
from dcvd.core.domains.domain import Domain, DomainStatus, Proof
from dcvd.core.domains.observations import ParkedHostname
from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.jobs import Job
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.zones.zone import Zone, enclosing_names, find_holder
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.errors import UNAVAILABLE
from dcvd.errors import Conflict, DcvdError, NotFound, Retryable
from dcvd.janitor import OrganizationRemover
from dcvd.jobs.definitions import JOB_DEFINITIONS
from dcvd.jobs.selector import JobSelector
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, moves, removals
from dcvd.services.jobs.definition import JobServices
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import CheckStart
from dcvd.services.tokens import suspension
from dcvd.services.zones import checks as zone_checks
from dcvd.services.zones import registry as zones
from dcvd.store import domains
from dcvd.store import zones as stored_zones
from dcvd.store.engine.database import Database
from tests.conftest import VAULT
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.performing import attempt
from tests.providing import access_of
from tests.services.domains.attempts import Attempts, GatedDatabase, HastyLoop, PlayedCloudflare
from tests.services.memory import MemoryDatabase, run
from tests.services.views import all_jobs, bodies

NAME: Final = "www.customer.test"
ZONES: Final = ("customer.test", NAME)
ORGS: Final = st.integers(0, 2)
REMOVER: Final = "remover"


class Look(Struct, frozen=True):
    """What a check has observed, and not stored yet."""

    domain_id: str
    observations: list[Observation]
    start: CheckStart


class Claims(RuleBasedStateMachine):
    """The daemon's claims on one name, and what is known of them outside."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(1_800_000_000_000)
        config = Config(
            domains=DomainsConfig(allow_reserved_tlds=("test",), dormant_after=2 * HOUR),
        )
        self.loop = HastyLoop()
        self.attempts = Attempts(self.loop)
        self.database = MemoryDatabase()
        self.live_config = Live(config)
        self.cloudflare = PlayedCloudflare(self.attempts, lambda: self.chain is not None)
        self.context = self.build_context(self.database)
        self.gated_context = self.build_context(GatedDatabase(self.database, self.attempts))
        access = access_of(self.gated_context)
        self.services = JobServices(self.context, cast(CloudflareClient, self.cloudflare), access)
        self.selector = JobSelector(self.services, JOB_DEFINITIONS, 8)
        self.remover = OrganizationRemover(cast(Any, self.gated_context), access)
        self.orgs = [run(organizations.create(self.context, f"Org {number}")).id for number in range(3)]
        self.dying: set[str] = set()
        self.chain: str | None = None
        self.texts: set[str] = set()
        self.looks: list[Look] = []
        self.holder: Domain | None = None
        self.ended_by_owner: set[str] = set()
        self.added: dict[str, str] = {}

    def build_context(self, database: object) -> Context:
        return Context(
            cast(Database, database), self.live_config, vault=VAULT, clock=self.clock, random_fraction=lambda: 0.0
        )

    @initialize(is_shared=st.booleans())
    def choose_targets(self, is_shared: bool) -> None:
        """All claims share one target, or each has its own."""
        target = "edge.sandbox.test" if is_shared else "{token}.edge.sandbox.test"
        self.live_config.value = replace(self.live_config.value, cloudflare=CloudflareConfig(cname_target=target))

    # What is there.

    def claims(self) -> list[Domain]:
        return run(self.database.read(lambda snapshot: domains.list_by_name(snapshot, NAME)))

    def claim_of(self, org: int) -> Domain | None:
        return next((claim for claim in self.claims() if claim.org_id == self.orgs[org]), None)

    def zones_of(self, org: int) -> list[Zone]:
        return run(zones.list_page(self.context, self.orgs[org], cursor=None, limit=9)).items

    def find_zone_holder(self) -> str | None:
        names = enclosing_names(NAME)
        return find_holder(NAME, run(self.database.read(lambda snapshot: stored_zones.list_holders(snapshot, names))))

    def pending_jobs(self) -> list[Job]:
        return [job for org in self.orgs for job in run(all_jobs(self.context, org)) if job.next_attempt_at]

    def observe(self, claim: Domain) -> list[Observation]:
        facts = DnsFacts(
            hostname=NAME,
            target=claim.cname_target,
            outcome="answered",
            exists=self.chain is not None,
            chain=() if self.chain is None else (self.chain,),
            proof_texts=tuple(sorted(self.texts)),
        )
        if claim.cf_id is None:
            return [DnsObservation(facts), *([ParkedHostname()] if claim.is_parked else [])]
        return [DnsObservation(facts), self.cloudflare.show(claim.cf_id)]

    # What organizations and their customers do.

    @rule(org=ORGS, wildcard=st.booleans())
    def add(self, org: int, wildcard: bool) -> None:
        self.clock.advance(1)
        if self.orgs[org] in self.dying:
            return
        with suppress(DcvdError):
            domain = run(additions.add(self.context, self.orgs[org], NAME, wildcard=wildcard))
            self.added[domain.id] = domain.org_id

    @rule(org=ORGS)
    def remove(self, org: int) -> None:
        claim = self.claim_of(org)
        if claim is not None:
            run(removals.remove(self.context, claim.org_id, claim.id))
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
        if claim is None:
            return
        if by_text:
            self.texts.add(proof_text(claim.id))
        else:
            self.chain = claim.cname_target
        self.look(org, hours=0)

    @rule(first=ORGS, second=ORGS)
    def point_the_name_to_one_and_look_at_another(self, first: int, second: int) -> None:
        """Cloudflare validates the hostname for whoever has it, wherever in the service the name leads."""
        self.lead_the_name_to(first)
        self.work()
        self.attempts.finish(but=REMOVER)
        self.look(second, hours=0)

    @rule()
    def take_the_record_away(self) -> None:
        self.chain = None

    @rule(org=ORGS, which=st.sampled_from(ZONES), is_proved=st.booleans())
    def claim_a_zone(self, org: int, which: str, is_proved: bool) -> None:
        if self.orgs[org] in self.dying:
            return
        with suppress(DcvdError):
            run(zones.add(self.context, self.orgs[org], which))
        zone = next(zone for zone in self.zones_of(org) if zone.name == which)
        texts = (proof_text(zone.id),) if is_proved else ()
        run(self.database.write(lambda tx: zone_checks.record(self.context, tx, zone.id, texts)))
        self.settle_the_zones_of(org)

    @rule(org=ORGS)
    def settle_the_zones_of(self, org: int) -> None:
        for zone in self.zones_of(org):
            if zone.settled_name is not None:
                run(zone_checks.settle_some(self.context, zone))

    @rule(org=ORGS, which=st.sampled_from(ZONES))
    def remove_a_zone(self, org: int, which: str) -> None:
        for zone in self.zones_of(org):
            if zone.name == which:
                run(zones.remove(self.context, zone.org_id, zone.id))

    # What the operator does.

    @rule(org=ORGS)
    def move(self, org: int) -> None:
        self.clock.advance(1)
        with suppress(NotFound, Conflict):
            moved = run(moves.move(self.context, self.orgs[org], NAME))
            self.added.setdefault(moved.id, moved.org_id)
            self.holder = moved if moved.has_strong_proof else None

    @rule(org=ORGS, is_ended=st.booleans())
    def suspend(self, org: int, is_ended: bool) -> None:
        with suppress(NotFound, Conflict):
            run((suspension.resume if is_ended else suspension.suspend)(self.context, self.orgs[org]))

    @rule(org=ORGS)
    def begin_to_delete(self, org: int) -> None:
        self.dying.add(self.orgs[org])
        with suppress(NotFound):
            run(suspension.begin_deletion(self.context, self.orgs[org]))
        if REMOVER not in self.attempts.ids:
            self.attempts.start(REMOVER, self.remove_organizations())

    async def remove_organizations(self) -> None:
        while await self.remover.run_once():
            await self.attempts.wait()

    @rule()
    def whoever_was_deleted_is_followed_by_another(self) -> None:
        living = {each.id for each in run(organizations.list_all(self.context))}
        for number, org_id in enumerate(self.orgs):
            if org_id not in living:
                name = f"Org {number} after {org_id}"[:50]
                self.orgs[number] = run(organizations.create(self.context, name)).id

    # What the daemon does.

    @rule(org=ORGS, hours=st.integers(0, 3))
    def look(self, org: int, hours: int) -> None:
        self.clock.advance(hours * HOUR)
        self.begin_to_look(org)
        self.record_a_look(len(self.looks) - 1)

    @rule(org=ORGS)
    def begin_to_look(self, org: int) -> None:
        claim = self.claim_of(org)
        if claim is not None:
            start = CheckStart(self.clock.now(), claim.next_check_at)
            self.looks.append(Look(claim.id, self.observe(claim), start))

    @rule(number=st.integers(0, 3))
    def record_a_look(self, number: int) -> None:
        """What was observed may be long past by now."""
        if self.looks:
            look = self.looks.pop(number % len(self.looks))
            asked_at = look.start.started_at
            run(checks.record(self.context, look.domain_id, look.observations, asked_at=asked_at, start=look.start))

    @rule(steps=st.integers(0, 4))
    def work(self, steps: int = 0) -> None:
        """The worker begins what may begin, and comes so far with it."""
        for job in run(self.selector.select(8, self.attempts.ids)):
            self.attempts.start(
                job.id,
                attempt(self.gated_context, self.services.access, job, cast(CloudflareClient, self.cloudflare)),  # type: ignore[arg-type]
            )
        for number in range(steps):
            self.attempts.step(number)

    @rule(number=st.integers(0, 7), steps=st.integers(1, 6))
    def an_attempt_goes_on(self, number: int, steps: int) -> None:
        for _ in range(steps):
            self.attempts.step(number)

    @rule(number=st.integers(0, 7))
    def cloudflare_is_away(self, number: int) -> None:
        """Before it did what it was asked, or after."""
        self.attempts.fail(number, Retryable("Cloudflare is away.", code=UNAVAILABLE))

    @rule()
    def somebody_deletes_the_hostname_there(self) -> None:
        self.cloudflare.hostnames.clear()

    # What always holds.

    @invariant()
    def at_most_one_claim_is_proved_and_at_most_one_has_the_hostname(self) -> None:
        claims = self.claims()
        assert sum(claim.proof is not None for claim in claims) <= 1
        assert sum(claim.cf_id is not None for claim in claims) <= 1
        assert all(claim.is_contested == (len(claims) > 1) for claim in claims)

    @invariant()
    def a_strong_holder_loses_the_name_by_a_move_or_its_own_end_alone(self) -> None:
        strong = next((claim for claim in self.claims() if claim.has_strong_proof), None)
        before = self.holder
        if before is not None and before.id not in self.ended_by_owner and before.org_id not in self.dying:
            assert strong is not None
            assert strong.id == before.id
        if strong is not None and strong != self.holder and strong.proof is not Proof.OPERATOR:
            is_new = self.holder is None or self.holder.id != strong.id
            assert not is_new or self.find_zone_holder() in (None, strong.org_id)
        self.holder = strong

    @invariant()
    def no_claim_has_a_hostname_that_dcvd_has_removed(self) -> None:
        assert not {claim.cf_id for claim in self.claims()} & self.cloudflare.removed_ids

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
        added = {each for each, org_id in self.added.items() if org_id not in self.dying}
        told: dict[str, str] = {}
        for org in self.orgs:
            for body in run(bodies(self.context, org)) if org not in self.dying else ():
                if body["event"] == "domain.removed":
                    told[body["data"]["domain_id"]] = body["data"]["reason"]
                    assert self.added[body["data"]["domain_id"]] == org
        assert set(told) == added - living
        assert {each for each, reason in told.items() if reason == "requested"} == self.ended_by_owner & added

    @invariant()
    def a_name_that_somebody_wants_has_a_hostname_or_a_job_that_gets_it(self) -> None:
        awake = [claim for claim in self.claims() if claim.dormant_since is None]
        if awake and all(claim.error is None for claim in awake):
            pending = {job.kind for job in self.pending_jobs()}
            assert any(claim.cf_id is not None for claim in awake) or "register" in pending

    def teardown(self) -> None:
        """Once all is done, Cloudflare has the hostname of whoever has the name, and nothing that nobody has."""
        try:
            self.finish()
        finally:
            self.loop.close()
            self.database.close()

    def finish(self) -> None:
        self.looks.clear()
        for _ in range(20):
            # What was deleted at Cloudflare again and again is registered again ever more rarely.
            is_patient = any(claim.awaits_reregistration for claim in self.claims())
            self.clock.advance(6 * HOUR if is_patient else 5 * MINUTE)
            self.work()
            self.attempts.finish(but=REMOVER)
            self.attempts.finish_one(REMOVER, 100)
            for org in range(3):
                self.look(org, hours=0)
            is_waiting = any(claim.awaits_reregistration for claim in self.claims())
            if not is_waiting and not self.pending_jobs() and not self.attempts.ids:
                break
        assert (self.pending_jobs(), self.attempts.ids) == ([], [])
        there = list(self.cloudflare.hostnames)
        assert [claim.cf_id for claim in self.claims() if claim.cf_id is not None] == there
        if any(claim.dormant_since is None and not is_held(claim) for claim in self.claims()):
            assert len(there) == 1


def test_a_name_never_has_two_holders_whatever_three_organizations_do() -> None:
    run_state_machine_as_test(
        Claims,
        settings=examples(0.4, stateful_step_count=30, suppress_health_check=list(HealthCheck)),
    )
