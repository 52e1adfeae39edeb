"""Adopt hostnames that Cloudflare has already: one rule for imports and orphans. Nobody is told by an event."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from dcvd.core.audit import AuditAction, AuditDraft
from dcvd.core.custom_hostnames.statuses import HostnameClass
from dcvd.core.domains import targets
from dcvd.core.domains.additions import DomainRequest, ValidatedDomain
from dcvd.core.domains.adoption import choose_validation
from dcvd.core.domains.bulk import LineRefusal, to_refusal
from dcvd.core.domains.claims import add_proof
from dcvd.core.domains.domain import Domain, Proof, delegation_suffix, new_domain
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.ids import IdPrefix
from dcvd.core.lifecycle import adoption
from dcvd.core.organizations.quotas import Quota
from dcvd.core.zones.zone import enclosing_names, find_holder
from dcvd.errors import Conflict, DcvdError, InvalidInput
from dcvd.services import audit, timeline
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import dns_writes
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER
from dcvd.services.organizations import quotas
from dcvd.store import cloudflare_zones, domains, left_hostnames, zones
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import jobs

AdoptionOutcome = Literal["adopted", "would_adopt", "exists", "of_another", "refused"]
_OF_ANOTHER: Final = frozenset({"held_by_another", "claimed_by_another", "zone_of_another"})
_GOING: Final = frozenset({HostnameClass.DELETED, HostnameClass.BEING_DELETED})


class Adoption(Struct, frozen=True, kw_only=True):
    """What becomes of a hostname. `domain`: the new domain, or the one that the organization has already.

    owner_id: the other organization that has it, where the outcome is `of_another`; `error` says how.
    """

    hostname: CloudflareHostname
    outcome: AdoptionOutcome
    domain: Domain | None = None
    error: LineRefusal | None = None
    owner_id: str | None = None


class _KnownNames(Struct, frozen=True, kw_only=True):
    """What is stored of the names and ids of some hostnames."""

    by_cf_id: Mapping[str, Domain]
    own: Mapping[str, Domain]
    claimed: frozenset[str]
    being_removed: frozenset[str]
    left_ids: frozenset[str]
    zone_holders: Mapping[str, str]


def evaluate(
    context: Context,
    snapshot: Snapshot,
    org_id: str,
    hostnames: Sequence[CloudflareHostname],
    *,
    target: str | None = None,
    simulated: int = 0,
    with_left: bool = False,
) -> list[Adoption]:
    """Evaluate what an organization can adopt; new domains are not stored yet, which is up to `store`.

    target: where the customers' records lead; None for the configured target. simulated: how many domains a dry run
    would have adopted already. with_left: whether those come back whose domain the organization has removed.
    """
    known = _read_known(snapshot, org_id, hostnames)
    room = quotas.measure_room(context, snapshot, org_id, Quota.DOMAINS)
    if room is not None:
        room = room.take(simulated)
    suffix = cloudflare_zones.find_delegation_suffix(snapshot, context.config.cloudflare.zone_id)
    adoptions, new_names = list[Adoption](), set[str]()
    for hostname in hostnames:
        holder = known.by_cf_id.get(hostname.id)
        own = holder if holder is not None and holder.org_id == org_id else known.own.get(hostname.hostname)
        if own is not None:
            adoptions.append(Adoption(hostname=hostname, outcome="exists", domain=own))
            continue
        try:
            _check_conflicts(org_id, hostname, holder, known)
            if hostname.id in known.left_ids and not with_left:
                raise _left_error(hostname.hostname)
            candidate = _validate(context, hostname)
            if candidate.name in new_names:
                message = f"Cloudflare lists {candidate.name} more than once; the first of them is adopted."
                raise Conflict(message, code="hostname_listed_twice")
            if room is not None and (refusal := room.find_refusal()) is not None:
                raise refusal
        except DcvdError as error:
            owner_id = _find_owner(snapshot, hostname, holder, known) if error.code in _OF_ANOTHER else None
            outcome: AdoptionOutcome = "refused" if owner_id is None else "of_another"
            refused = Adoption(hostname=hostname, outcome=outcome, error=to_refusal(error), owner_id=owner_id)
            adoptions.append(refused)
            continue
        room = None if room is None else room.take(1)
        new_names.add(candidate.name)
        domain = _build_domain(context, org_id, candidate, hostname, target, suffix)
        if find_holder(domain.name, known.zone_holders) == org_id:
            domain = add_proof(domain, Proof.ZONE, domain.created_at)
        adoptions.append(Adoption(hostname=hostname, outcome="adopted", domain=domain))
    return adoptions


def store(context: Context, tx: Transaction, org_id: str, new_domains: Sequence[Domain], *, actor: str) -> None:
    """Store domains that `evaluate` made in the same unit of work."""
    if not new_domains:
        return
    domains.insert_all(tx, new_domains)
    timeline.record_requests(context, tx, new_domains, actor=actor, what="imported")
    drafts = [
        AuditDraft(
            action=AuditAction.DOMAIN_IMPORTED,
            object_id=domain.id,
            after={"domainName": domain.name, "source": "cloudflare", "hostnameId": domain.cf_id},
        )
        for domain in new_domains
    ]
    audit.record_all(context, tx, org_id, drafts)
    dns_writes.take_over_records(context, tx, org_id, new_domains)
    left_hostnames.delete_all(tx, org_id, [domain.cf_id for domain in new_domains if domain.cf_id is not None])
    suffix = next(filter(None, map(delegation_suffix, new_domains)), None)
    if suffix is not None:
        cloudflare_zones.store_delegation_suffix(tx, context.config.cloudflare.zone_id, suffix, context.now())


def _read_known(snapshot: Snapshot, org_id: str, hostnames: Sequence[CloudflareHostname]) -> _KnownNames:
    names = [each.hostname for each in hostnames]
    counts = domains.count_claims(snapshot, org_id, names)
    return _KnownNames(
        by_cf_id={
            domain.cf_id: domain
            for domain in domains.list_by_cloudflare_ids(snapshot, [each.id for each in hostnames])
            if domain.cf_id is not None
        },
        own=domains.find_owned_by_names(snapshot, org_id, names),
        claimed=frozenset(name for name, claims in counts.items() if claims.total),
        being_removed=frozenset(jobs.list_pending_names(snapshot, names, DEREGISTER.name)),
        left_ids=frozenset(left_hostnames.list_known(snapshot, org_id, [each.id for each in hostnames])),
        zone_holders=zones.list_holders(snapshot, {zone for name in names for zone in enclosing_names(name)}),
    )


def _check_conflicts(org_id: str, hostname: CloudflareHostname, holder: Domain | None, known: _KnownNames) -> None:
    """Raise Conflict for a hostname that cannot be adopted for what is stored, or for what is happening to it.

    holder: the domain that has it, which is another organization's.
    """
    name = hostname.hostname
    if holder is not None:
        message = f"{name} is a domain of another organization here ({holder.org_id})."
        raise Conflict(message, code="held_by_another")
    if hostname.hostname_class in _GOING:
        raise Conflict(f"{name} is {hostname.status} at Cloudflare.", code="hostname_being_deleted")
    if name in known.being_removed:
        message = f"{name} was a domain here, and a job removes it at Cloudflare."
        raise Conflict(message, code="hostname_being_removed")
    if name in known.claimed:
        message = f"Another organization has added {name} here."
        raise Conflict(message, code="claimed_by_another")
    zone_holder = find_holder(name, known.zone_holders)
    if zone_holder not in (None, org_id):
        message = f"{name} is in a zone that another organization has proved ({zone_holder})."
        raise Conflict(message, code="zone_of_another")


def _find_owner(
    snapshot: Snapshot, hostname: CloudflareHostname, holder: Domain | None, known: _KnownNames
) -> str | None:
    """Find the other organization that has a hostname, or the name, or the zone that the name is in."""
    if holder is not None:
        return holder.org_id
    claims = domains.list_by_name(snapshot, hostname.hostname)
    best = min(claims, key=lambda claim: claim.proof is None, default=None)
    return find_holder(hostname.hostname, known.zone_holders) if best is None else best.org_id


def _left_error(name: str) -> Conflict:
    return Conflict(
        f"{name} was a domain of this organization, which was removed, and its hostname stayed at Cloudflare."
        f" `dcvd orphans adopt {name}` brings it back.",
        code="hostname_left",
    )


def _validate(context: Context, hostname: CloudflareHostname) -> ValidatedDomain:
    """Validate a hostname as if somebody added it. Raises InvalidInput."""
    validation, wildcard = choose_validation(hostname), bool(hostname.wildcard)
    request = DomainRequest(domain_name=hostname.hostname, validation=validation, wildcard=wildcard)
    candidate = additions.validate(context, request)
    if candidate.name != hostname.hostname:
        message = f"Cloudflare has {hostname.hostname!r}, of which the usual form is {candidate.name}."
        raise InvalidInput("hostname", message, code="hostname_invalid")
    return candidate


def _build_domain(
    context: Context,
    org_id: str,
    candidate: ValidatedDomain,
    hostname: CloudflareHostname,
    target: str | None,
    suffix: str | None,
) -> Domain:
    configured = context.config.cloudflare.cname_target
    domain = new_domain(
        domain_id=context.new_id(IdPrefix.DOMAIN),
        org_id=org_id,
        name=candidate.name,
        # Customers' records are there already, and none has a label that would be made now.
        cname_target=target or targets.service_name(configured),
        now=context.now(),
        validation=candidate.validation,
        wildcard=candidate.wildcard,
    )
    return adoption.adopt(domain, hostname, context.now(), context.rules, suffix)
