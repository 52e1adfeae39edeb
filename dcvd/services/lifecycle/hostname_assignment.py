"""Which claim on a name has its hostname at Cloudflare: there is one hostname for a name, however many claim it."""

from collections.abc import Collection, Sequence

import structlog

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import ParkedHostname
from dcvd.core.domains.targets import challenge_target
from dcvd.core.jobs import NO_PAYLOAD
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER, REGISTER, Deregistration
from dcvd.store import cloudflare_zones, domains, left_hostnames
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import jobs

log = structlog.get_logger(__name__)


def list_unlearned(tx: Transaction, claims: Sequence[Domain]) -> frozenset[str]:
    """List the ids of those claims that may have a hostname of which we have not learned: their creation is under way.

    To be asked before anything ends their `register` jobs.
    """
    without_id = [claim for claim in claims if claim.cf_id is None]
    idle_ids = [claim.id for claim in without_id if claim.is_parked or claim.dormant_since is not None]
    if not idle_ids:
        return frozenset(claim.id for claim in without_id)
    registering = {job.domain_id for job in jobs.list_pending_of_domains(tx, idle_ids, REGISTER.name)}
    return frozenset(claim.id for claim in without_id if claim.id in registering or claim.id not in idle_ids)


def release(
    context: Context,
    tx: Transaction,
    org_id: str,
    ended_claims: Sequence[Domain],
    unlearned_ids: Collection[str],
    *,
    is_told_of_others: bool = False,
    removes_read_only: bool = False,
) -> None:
    """Have the hostnames of an organization's ended claims removed at Cloudflare, and assign the names' next claims.

    The rows of the claims are gone, or are dormant by now; the claims are as they were before. unlearned_ids: what
    `list_unlearned` said of them. is_told_of_others: whether the organization learns that another has the names.
    removes_read_only: whether hostnames that are only read are removed too, which nobody could put back.
    """
    to_remove: list[Domain] = []
    with_hostname: list[Domain] = []
    left_ids: list[str] = []
    for claim in ended_claims:
        if claim.leaves_hostname and not removes_read_only:
            with_hostname.append(claim)
            left_ids += [] if claim.cf_id is None else [claim.cf_id]
            continue
        has_hostname = claim.cf_id is not None or (claim.id in unlearned_ids and not _is_adopted(context, tx, claim))
        if has_hostname:
            with_hostname.append(claim)
        # Where the hostname is another's, the job asks and removes nothing, so that nobody tells that by how it ends.
        if has_hostname or (claim.dormant_since is None and not is_told_of_others):
            to_remove.append(claim)
    if to_remove:
        queue.enqueue_for_all(
            context, tx, DEREGISTER, org_id, to_remove, lambda claim: Deregistration(cf_id=claim.cf_id)
        )
    left_hostnames.insert_all(tx, org_id, left_ids, context.now())
    for claim in with_hostname:
        if claim.is_contested:
            assign_next(context, tx, claim.name)


def _is_adopted(context: Context, tx: Transaction, claim: Domain) -> bool:
    """Whether another claim on the name adopts the hostname that may be there."""
    return claim.is_contested and assign_next(context, tx, claim.name)


def assign_next(context: Context, tx: Transaction, name: str) -> bool:
    """Have a hostname registered for one of the claims on a name, unless one has it, or is about to have it.

    Returns whether any has it then, or will have it.
    """
    claims = [claim for claim in domains.list_by_name(tx, name) if claim.dormant_since is None]
    if any(claim.cf_id is not None or claim.awaits_reregistration for claim in claims):
        return True
    if not claims:
        return False
    if jobs.list_pending_of_domains(tx, [claim.id for claim in claims], REGISTER.name):
        return True
    parked = sorted((claim for claim in claims if claim.is_parked), key=lambda claim: claim.proof is None)
    if not parked:
        return False
    register(context, tx, parked[0])
    return True


def register(context: Context, tx: Transaction, claim: Domain) -> None:
    """Have a claim's hostname registered, or the one that it has taken over made as ordered, by one job."""
    if jobs.find_pending_of_domain(tx, claim.id, REGISTER.name) is None:
        queue.enqueue_for(context, tx, REGISTER, claim, NO_PAYLOAD)
        log.info("domain.registration_assigned", domain=claim.name, domain_id=claim.id)


def observe_parked(context: Context, snapshot: Snapshot, claim: Domain, *, is_new: bool) -> ParkedHostname:
    """Return what a parked claim is told instead of an answer of Cloudflare's."""
    registered = next((rival for rival in domains.list_by_name(snapshot, claim.name) if rival.cf_id is not None), claim)
    suffix = cloudflare_zones.find_delegation_suffix(snapshot, context.config.cloudflare.zone_id)
    return ParkedHostname(
        is_new=is_new,
        certificate_authority=registered.certificate_authority,
        challenge_target=challenge_target(claim.name, suffix),
    )


def is_assigned_to_another(snapshot: Snapshot, claim: Domain) -> bool:
    """Whether the hostname at Cloudflare is another claim's: one has it, or one is proved and this one is not."""
    if not claim.is_contested:
        return False
    rivals = [rival for rival in domains.list_by_name(snapshot, claim.name) if rival.id != claim.id]
    return any(rival.cf_id is not None or (rival.proof is not None and claim.proof is None) for rival in rivals)
