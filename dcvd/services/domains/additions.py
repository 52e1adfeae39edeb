"""Add domains: evaluate requests by what is stored, then store the new domains with their `register` jobs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.audit import AuditAction, AuditDraft
from dcvd.core.domains import targets
from dcvd.core.domains.additions import DomainRequest, ValidatedDomain, validate_request
from dcvd.core.domains.claims import add_proof
from dcvd.core.domains.domain import Domain, Proof, ValidationMethod, new_domain
from dcvd.core.ids import IdPrefix
from dcvd.core.jobs import NO_PAYLOAD, Job
from dcvd.core.lifecycle import domain_events
from dcvd.core.organizations.quotas import Quota
from dcvd.core.sentences.wording import word
from dcvd.core.timeline import DAEMON_ACTOR
from dcvd.core.zones.zone import enclosing_names, find_holder
from dcvd.errors import Conflict, DcvdError, Forbidden, InvalidInput
from dcvd.services import audit, reach, timeline
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.jobs import dns_writes, queue
from dcvd.services.lifecycle import claims
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.services.links import additions as link_additions
from dcvd.services.organizations import quotas
from dcvd.store import cloudflare_zones, domains, zones
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot, Transaction


class AdditionResult(Struct, frozen=True, kw_only=True):
    """The result of a request: a new domain, or an error; the domain too where the organization has it already.

    Whether another organization claims the name, no result says.
    """

    domain: Domain | None = None
    error: DcvdError | None = None

    @property
    def added(self) -> Domain | None:
        """The new domain; None where none is added."""
        return self.domain if self.error is None else None

    def require_added(self) -> Domain:
        """Return the new domain. Raises the error."""
        if self.error is not None:
            raise self.error
        assert self.domain is not None, "a result without an error has a domain"
        return self.domain


def validate(context: Context, request: DomainRequest) -> ValidatedDomain:
    """Validate a request by the configuration. Raises InvalidInput."""
    return validate_request(
        request, target=context.config.cloudflare.cname_target, allowed_tlds=context.config.domains.allow_reserved_tlds
    )


def evaluate(
    context: Context,
    snapshot: Snapshot,
    org_id: str,
    candidates: Sequence[ValidatedDomain],
    *,
    simulated_names: Collection[str | None] = (),
) -> list[AdditionResult]:
    """Evaluate requests one after the other. A result's new domain is not stored yet: that is up to the caller.

    simulated_names: the names that a dry run would have added already.
    """
    counts_by_name = domains.count_claims(snapshot, org_id, {candidate.name for candidate in candidates})
    owned_ids = [count.own_id for count in counts_by_name.values() if count.own_id is not None]
    owned = {domain.name: domain for domain in domains.find_by_ids(snapshot, owned_ids).values()} if owned_ids else {}
    zone_holders = _list_zone_holders(snapshot, org_id, candidates)
    suffix: str | None = None
    if any(candidate.validation == "delegated" for candidate in candidates):
        suffix = cloudflare_zones.find_delegation_suffix(snapshot, context.config.cloudflare.zone_id)
    connection_ids = {candidate.connection_id for candidate in candidates if candidate.connection_id is not None}
    known_ids: frozenset[str] = frozenset()
    if connection_ids:
        known_ids = connections.filter_owned_ids(snapshot, org_id, connection_ids, link_id=context.caller.link_id)
    room = quotas.measure_room(context, snapshot, org_id, Quota.DOMAINS)
    if room is not None:
        room = room.take(len(simulated_names))
    results: list[AdditionResult] = []
    now, new_ids = context.now(), context.new_ids(IdPrefix.DOMAIN, len(candidates))
    for domain_id, candidate in zip(new_ids, candidates, strict=True):
        try:
            reach.check_name(context.caller.domains, candidate.name)
        except Forbidden as error:
            results.append(AdditionResult(error=error))
            continue
        existing = owned.get(candidate.name)
        if existing is not None:
            results.append(AdditionResult(domain=existing, error=_exists_error(context, existing)))
            continue
        if candidate.connection_id is not None and candidate.connection_id not in known_ids:
            results.append(AdditionResult(error=connection_not_found_error(candidate.connection_id)))
            continue
        try:
            is_contested = counts_by_name[candidate.name].total > 0
            domain = _create_domain(context, domain_id, now, org_id, candidate, suffix, is_contested=is_contested)
            if zone_holders and not is_contested and find_holder(domain.name, zone_holders) == org_id:
                domain = add_proof(domain, Proof.ZONE, domain.created_at)
        except InvalidInput as error:
            results.append(AdditionResult(error=error))
            continue
        if room is not None and candidate.name not in simulated_names:
            if (quota_error := room.find_refusal()) is not None:
                results.append(AdditionResult(error=quota_error))
                continue
            room = room.take(1)
        owned[candidate.name] = domain
        results.append(AdditionResult(domain=domain))
    return results


def _list_zone_holders(snapshot: Snapshot, org_id: str, candidates: Sequence[ValidatedDomain]) -> Mapping[str, str]:
    """List who holds the zones that names are in, see `find_holder`; none where the organization holds no zone."""
    if not zones.has_proved(snapshot, org_id):
        return {}
    return zones.list_holders(snapshot, {zone for candidate in candidates for zone in enclosing_names(candidate.name)})


def store(
    context: Context,
    tx: Transaction,
    org_id: str,
    new_domains: Sequence[Domain],
    *,
    actor: str,
    request_ids: Mapping[str, str] = {},
) -> list[Job]:
    """Store domains that `evaluate` made in the same unit of work; return their `register` jobs.

    Those with a connection get their `write_dns` jobs too, and all of them what we wrote for removed domains of their
    names. Of too many claims on a name, the least alive gives way.

    request_ids: by the ids of domains, the HTTP requests that ask for them, where that is not the caller's one.
    """
    domains.insert_all(tx, new_domains)
    timeline.record_requests(context, tx, new_domains, actor=actor, what="added")
    audit.record_all(
        context,
        tx,
        org_id,
        [
            AuditDraft(
                action=AuditAction.DOMAIN_ADDED,
                object_id=domain.id,
                after=_describe(domain),
                request_id=request_ids.get(domain.id),
            )
            for domain in new_domains
        ],
    )
    registrations = queue.enqueue_for_all(
        context, tx, REGISTER, org_id, new_domains, lambda _: NO_PAYLOAD, request_ids=request_ids
    )
    dns_writes.take_over_records(context, tx, org_id, new_domains)
    dns_writes.enqueue_writes(context, tx, org_id, new_domains, request_ids=request_ids)
    recording.record(
        context,
        tx,
        org_id,
        [domain_events.draft_added_event(domain, request_ids.get(domain.id)) for domain in new_domains],
    )
    contested = [
        (context.for_request(request_ids.get(domain.id)), domain) for domain in new_domains if domain.is_contested
    ]
    for acting, domain in contested:
        claims.limit(acting, tx, domain)
    for acting, domain in contested:
        claims.prove_by_zone(acting, tx, domain)
    return registrations


def add_all(
    context: Context,
    tx: Transaction,
    org_id: str,
    candidates: Sequence[ValidatedDomain],
    *,
    actor: str,
    request_ids: Sequence[str | None] = (),
) -> list[AdditionResult]:
    """Evaluate requests one after the other, and store the domains that they add.

    request_ids: of each, the HTTP request that asks for it; None, or none at all, for the caller's own.
    """
    results = evaluate(context, tx, org_id, candidates)
    new_domains = [result.added for result in results if result.added is not None]
    if not new_domains:
        return results
    ids_by_domain = {
        result.added.id: request_id
        for result, request_id in zip(results, request_ids, strict=False)
        if result.added is not None and request_id is not None
    }
    store(context, tx, org_id, new_domains, actor=actor, request_ids=ids_by_domain)
    proved = {domain.id: domain for domain in read_proved(tx, new_domains)}
    return [result if result.added is None else AdditionResult(domain=proved[result.added.id]) for result in results]


def _describe(domain: Domain) -> dict[str, Any]:
    attached = {"externalId": domain.external_id, "labels": domain.labels}
    return {"domainName": domain.name, **{name: value for name, value in attached.items() if value}}


def read_proved(tx: Transaction, new_domains: Sequence[Domain]) -> list[Domain]:
    """Return domains that were just stored, with the proofs that `store` has found for contested ones."""
    contested = [domain for domain in new_domains if domain.is_contested]
    has_zone = bool(contested) and zones.has_proved(tx, contested[0].org_id)
    stored = domains.find_by_ids(tx, [domain.id for domain in contested]) if has_zone else {}
    return [stored.get(domain.id, domain) for domain in new_domains]


def connection_not_found_error(connection_id: str) -> InvalidInput:
    """The error for a connection that the organization does not have; another organization's looks the same."""
    return InvalidInput(
        "connectionId", word("connection_unknown", connection=connection_id), code="connection_not_found"
    )


def _exists_error(context: Context, existing: Domain) -> Conflict:
    """The error for a name that the organization has; which domain that is, only those learn who may know of it."""
    if context.caller.link is not None:
        return Conflict(word("domain_set_up_already", name=existing.name), code="domain_exists")
    message = word("domain_exists", name=existing.name)
    return Conflict(message, code="domain_exists", existing_id=existing.id)


def _create_domain(
    context: Context,
    domain_id: str,
    now: int,
    org_id: str,
    candidate: ValidatedDomain,
    suffix: str | None,
    *,
    is_contested: bool,
) -> Domain:
    is_delegated, template = candidate.validation == "delegated", context.config.cloudflare.cname_target
    if is_delegated:
        targets.validate_delegable(candidate.name, suffix)
    return new_domain(
        domain_id=domain_id,
        org_id=org_id,
        name=candidate.name,
        cname_target=targets.new_target(template, context.random_bytes),
        has_own_target=targets.is_target_template(template),
        now=now,
        validation=candidate.validation,
        wildcard=candidate.wildcard,
        challenge_target=targets.challenge_target(candidate.name, suffix) if is_delegated else None,
        connection_id=candidate.connection_id,
        external_id=candidate.external_id,
        labels=candidate.labels,
        is_contested=is_contested,
    )


async def add(
    context: Context,
    org_id: str,
    name: str,
    *,
    validation: ValidationMethod | None = None,
    wildcard: bool = False,
    connection_id: str | None = None,
    external_id: str | UnsetType = UNSET,
    labels: Mapping[str, str] | UnsetType = UNSET,
    actor: str = DAEMON_ACTOR,
    in_transaction: Callable[[Transaction, Domain], None] | None = None,
) -> Domain:
    """Add a domain with its `register` job; a wildcard is validated by delegation.

    connection_id: the connection that writes its records, which a `write_dns` job then does at once.
    external_id, labels: what the organization attaches to it.
    in_transaction: called with the domain in the transaction that stores it, at the end.

    By a link one domain is added; whoever asks for the same again, because the answer was lost, gets that one.

    Raises InvalidInput for a domain that cannot be added, Conflict for a name that the organization has, or where the
    caller's link has added another one; Forbidden for a name outside of the caller's reach, QuotaReached.
    """
    connection = UNSET if connection_id is None else connection_id
    request = DomainRequest(
        domain_name=name,
        validation=validation,
        wildcard=wildcard,
        connection_id=connection,
        external_id=external_id,
        labels=labels,
    )
    candidate = validate(context, request)

    def unit(tx: Transaction) -> Domain:
        domain = link_additions.find_added(context, tx, candidate.name)
        if domain is None:
            (result,) = add_all(context, tx, org_id, [candidate], actor=actor)
            domain = result.require_added()
            link_additions.bind(context, tx, domain)
        if in_transaction is not None:
            in_transaction(tx, domain)
        return domain

    return await context.database.write(unit)
