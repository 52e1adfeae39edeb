"""Record checks of domains: the only way by which an observation changes a stored domain."""

from collections.abc import Sequence
from typing import Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.custom_hostnames.edge import EdgeObservation
from dcvd.core.dns.facts import DnsObservation
from dcvd.core.domains.claims import is_held
from dcvd.core.domains.domain import Domain, DomainStatus, delegation_suffix
from dcvd.core.domains.observations import (
    ClaimHeld,
    CloudflareHostname,
    CloudflareHostnameAbsence,
    CloudflareObservation,
    ParkedHostname,
)
from dcvd.core.domains.targets import fill_challenge_target
from dcvd.core.instants import SECOND
from dcvd.core.lifecycle import remedies, transitions
from dcvd.core.lifecycle.schedule import CheckLane, count_incomplete_checks, next_check_at
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.timeline import SYNC_ACTOR
from dcvd.services import audit, timeline
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.jobs import dns_writes
from dcvd.services.lifecycle import activations, claims, hostname_assignment, remedy_jobs
from dcvd.store import cloudflare_zones, domains
from dcvd.store.engine.transactions import Transaction

log = structlog.get_logger(__name__)

RECHECK_DELAY_MS: Final = 10 * SECOND
"""From a check to the next one, where that was requested while the first was running."""


class CheckStart(Struct, frozen=True):
    """When a check began, and for when the domain's next check was planned at that time (milliseconds)."""

    started_at: int
    planned_at: int


class DomainCheck(Struct, frozen=True):
    """What a check observed, DNS first; `asked_at` is when Cloudflare was asked (milliseconds), where it was.

    is_by_job: whether a job observed it by the way, which is no check that anybody waits for.
    """

    domain_id: str
    observations: Sequence[Observation]
    asked_at: int | None = None
    start: CheckStart | None = None
    is_by_job: bool = False


async def record(
    context: Context,
    domain_id: str,
    observations: Sequence[Observation],
    *,
    asked_at: int | None = None,
    start: CheckStart | None = None,
    actor: str = SYNC_ACTOR,
) -> Domain | None:
    """Store one check, its events and when the next is due; None when the domain was removed meanwhile.

    `actor` (see `core.timeline`) is who requested the check; the rest is as in `apply`.
    """
    return await context.database.write(
        lambda tx: apply(context, tx, DomainCheck(domain_id, observations, asked_at, start), actor=actor)
    )


async def record_many(context: Context, checks: Sequence[DomainCheck]) -> list[Domain | None]:
    """Record many checks in one unit of work: all of them are stored, or none."""
    return await context.database.write(lambda tx: [apply(context, tx, check) for check in checks])


def apply(
    context: Context, tx: Transaction, check: DomainCheck, *, actor: str = SYNC_ACTOR, stored: Domain | None = None
) -> Domain | None:
    """Like `record`, but inside a larger unit of work; `stored` is the domain, where that has just read it.

    Cloudflare's answer to a request made at `asked_at` is left out where a later answer was stored since; so is the DNS
    observation of a check with this `start`. A check that was requested meanwhile follows soon, and so does one that is
    due where a job observed something by the way. A domain that waits for a registration that nobody makes, because its
    job is a dead letter, gets the error `registration_failed`. What proves a contested claim ends the others on its
    name.
    """
    stored = stored or domains.get(tx, check.domain_id)
    if stored is None:
        return None
    observations, start, now = check.observations, check.start, context.now()
    policy = context.check_policy
    incomplete_checks = count_incomplete_checks(stored, observations)
    if _is_outdated(stored.cf_checked_at, check.asked_at, now):
        observations = [
            observation
            for observation in observations
            if not isinstance(observation, CloudflareHostname | CloudflareHostnameAbsence)
        ]
    if start is not None and _is_outdated(stored.dns_checked_at, start.started_at, now):
        observations = [
            observation for observation in observations if not isinstance(observation, DnsObservation | EdgeObservation)
        ]
    observations = [
        hostname_assignment.observe_parked(context, tx, stored, is_new=observation.is_new)
        if isinstance(observation, ParkedHostname)
        else observation
        for observation in observations
    ]
    settlement = claims.settle(context, tx, stored, observations)
    if settlement.is_held:
        observations = [*observations, ClaimHeld(is_new=not is_held(stored))]
    elif not any(isinstance(observation, CloudflareObservation) for observation in observations):
        failure = remedy_jobs.find_failed_registration(tx, settlement.domain)
        observations = observations if failure is None else [*observations, failure]
    transition = transitions.apply_check(settlement.domain, observations, now, context.rules)
    if claims.is_barred_by_zone(tx, settlement.domain, transition.domain):
        # To lead here proves nothing where another has the zone: as with every contested name, nobody is told of them.
        if settlement.domain.proof is None and transition.domain.has_strong_proof:
            observations = [*observations, ClaimHeld(is_new=not is_held(stored))]
        transition = transitions.apply_check(
            replace(settlement.domain, is_contested=True), observations, now, context.rules
        )
    domain = replace(
        transition.domain, is_contested=settlement.domain.is_contested, incomplete_checks=incomplete_checks
    )
    if domain.validation == "delegated" and domain.challenge_target is None:
        # It was stored before Cloudflare named the suffix of the zone, which it does only while an order is open.
        suffix = cloudflare_zones.find_delegation_suffix(tx, context.config.cloudflare.zone_id)
        domain = fill_challenge_target(domain, suffix)
    next_remedy_at = remedies.next_remedy_at(domain, context.certificate_authorities)
    planned_at = next_check_at(domain, now, policy, context.random_fraction(), next_remedy_at=next_remedy_at)
    # What Cloudflare says of a hostname that was taken over is not known yet.
    has_taken_over = settlement.domain.cf_id != stored.cf_id
    domain = replace(domain, next_check_at=now if has_taken_over else planned_at)
    is_recheck_wanted = _is_recheck_wanted(stored, check, now) or _is_probe_wanted(context, check, domain)
    if is_recheck_wanted:
        domain = replace(domain, next_check_at=min(domain.next_check_at, now + RECHECK_DELAY_MS))
    domains.update(tx, domain)
    if is_recheck_wanted:
        domains.set_next_check(tx, domain.id, domain.next_check_at, CheckLane.WAITING)
    timeline.record_check(context, tx, stored, domain, observations, actor=actor)
    recording.record(context, tx, domain.org_id, transition.events)
    activations.announce_first(tx, stored, domain, now)
    if transition.remedy is not None:
        remedy_jobs.enqueue_remedy(context, tx, domain, transition.remedy)
    dns_writes.enqueue_on_change(context, tx, stored, domain)
    _assign_hostname(context, tx, stored, domain)
    if domain.challenge_target != stored.challenge_target and (suffix := delegation_suffix(domain)) is not None:
        cloudflare_zones.store_delegation_suffix(tx, context.config.cloudflare.zone_id, suffix, now)
    for value in transition.unknown_values:
        log.warning("look.unknown_value", domain=domain.name, domain_id=domain.id, value=value)
    if domain.status is not stored.status:
        log.info("domain.status_changed", domain=domain.name, domain_id=domain.id, was=stored.status, now=domain.status)
    return domain


def _is_probe_wanted(context: Context, check: DomainCheck, domain: Domain) -> bool:
    """Whether a job saw that the domain is active, of which no check has seen yet what serves it."""
    is_unseen = domain.status is DomainStatus.ACTIVE and domain.edge_probed_at is None
    return check.is_by_job and is_unseen and context.config.sync.probe != "never"


def _assign_hostname(context: Context, tx: Transaction, before: Domain, after: Domain) -> None:
    """Have the hostname at Cloudflare registered, or removed, as a claim wakes, falls asleep or comes to its turn."""
    if after.dormant_since is not None:
        if before.dormant_since is None:
            _audit(context, tx, AuditAction.DOMAIN_DORMANT, after)
            unlearned_ids = hostname_assignment.list_unlearned(tx, [before])
            hostname_assignment.release(context, tx, after.org_id, [before], unlearned_ids)
    elif before.dormant_since is not None:
        _audit(context, tx, AuditAction.DOMAIN_WOKEN, after)
        if after.cf_id is None:
            hostname_assignment.register(context, tx, after)
    elif after.is_parked:
        hostname_assignment.assign_next(context, tx, after.name)


def _audit(context: Context, tx: Transaction, action: AuditAction, domain: Domain) -> None:
    audit.record(context, tx, domain.org_id, action, domain.id, after={"domainName": domain.name})


async def check_now(context: Context, domain_id: str) -> None:
    """Make a check due now, before all routine checks, because somebody waits for it."""
    await context.database.write(lambda tx: domains.set_next_check(tx, domain_id, context.now(), CheckLane.WAITING))


async def postpone(context: Context, domain: Domain, next_check_at: int) -> None:
    """Plan the next check after one that observed nothing, so that such a domain never holds up the others."""

    def unit(tx: Transaction) -> None:
        stored = domains.get(tx, domain.id)
        if stored is not None:
            domains.update(
                tx, replace(stored, incomplete_checks=stored.incomplete_checks + 1, next_check_at=next_check_at)
            )

    await context.database.write(unit)


def _is_outdated(checked_at: int | None, asked_at: int | None, now: int) -> bool:
    # An instant ahead of the clock was stored before the clock was put back, and says nothing.
    return asked_at is not None and checked_at is not None and asked_at < checked_at <= now


def _is_recheck_wanted(stored: Domain, check: DomainCheck, now: int) -> bool:
    """Whether a check is due that this one is not, or was requested while this ran, which may have missed something."""
    if stored.next_check_at > now + RECHECK_DELAY_MS:
        return False
    return check.is_by_job or (check.start is not None and check.start.planned_at != stored.next_check_at)
