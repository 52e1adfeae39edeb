"""How domains come in: judged by what is stored, then stored with their `register` jobs and their events."""

from collections.abc import Sequence

from msgspec import UNSET, Struct

from dcvd.core.domains import targets
from dcvd.core.domains.additions import DomainRequest, ValidatedDomain, validate_request
from dcvd.core.domains.domain import Domain, ValidationMethod, new_domain
from dcvd.core.ids import IdPrefix
from dcvd.core.jobs import Job, JobKind
from dcvd.core.lifecycle import transitions
from dcvd.core.timeline import DAEMON_ACTOR
from dcvd.errors import Conflict, DcvdError, InvalidInput
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.jobs import dns_writes, queue
from dcvd.store import cloudflare_zones, connections, domains
from dcvd.store.engine.database import Snapshot, Transaction


class AdditionResult(Struct, frozen=True, kw_only=True):
    """What came of an addition: a new domain, or an error; with a domain too where the organization has it already."""

    domain: Domain | None = None
    error: DcvdError | None = None


def validate(context: Context, request: DomainRequest) -> ValidatedDomain:
    """What a wish comes to by the configuration. Raises InvalidInput."""
    return validate_request(
        request,
        target=context.config.cloudflare.cname_target,
        allowed_tlds=context.config.domains.allow_reserved_tlds,
    )


def evaluate(
    context: Context, snapshot: Snapshot, org_id: str, candidates: Sequence[ValidatedDomain]
) -> list[AdditionResult]:
    """What comes of each, the earlier ones considered. New domains are made, and for the caller to store."""
    holders = domains.find_by_names(snapshot, [addition.name for addition in candidates])
    suffix = cloudflare_zones.find_delegation_suffix(snapshot, context.config.cloudflare.zone_id)
    named = {addition.connection_id for addition in candidates if addition.connection_id is not None}
    held = connections.filter_owned_ids(snapshot, org_id, named) if named else frozenset()
    verdicts: list[AdditionResult] = []
    for addition in candidates:
        holder = holders.get(addition.name)
        if holder is not None:
            verdicts.append(_conflict_result(holder, org_id))
            continue
        if addition.connection_id is not None and addition.connection_id not in held:
            verdicts.append(AdditionResult(error=connection_not_found_error(addition.connection_id)))
            continue
        try:
            domain = _create_domain(context, org_id, addition, suffix)
        except InvalidInput as error:
            verdicts.append(AdditionResult(error=error))
            continue
        holders[addition.name] = domain
        verdicts.append(AdditionResult(domain=domain))
    return verdicts


def store(context: Context, tx: Transaction, org_id: str, new_domains: Sequence[Domain], *, actor: str) -> list[Job]:
    """Store domains that were judged to be new in the same unit of work; returns their `register` jobs.

    Those with a connection get their `write_dns` jobs too.
    """
    domains.insert_all(tx, new_domains)
    timeline.record_requests(context, tx, new_domains, actor=actor, what="added")
    registrations = queue.enqueue_for_all(context, tx, JobKind.REGISTER, org_id, new_domains)
    dns_writes.enqueue_writes(context, tx, org_id, new_domains)
    recording.record(context, tx, org_id, [transitions.draft_added_event(domain) for domain in new_domains])
    return registrations


def connection_not_found_error(connection_id: str) -> InvalidInput:
    """The organization does not have it; it may be another one's, which looks the same."""
    return InvalidInput("connectionId", f"There is no connection {connection_id}.", code="connection_not_found")


def _create_domain(context: Context, org_id: str, candidate: ValidatedDomain, suffix: str | None) -> Domain:
    delegated = candidate.validation == "delegated"
    if delegated:
        targets.validate_delegable(candidate.name, suffix)
    return new_domain(
        domain_id=context.new_id(IdPrefix.DOMAIN),
        org_id=org_id,
        name=candidate.name,
        cname_target=targets.new_target(context.config.cloudflare.cname_target, context.random_bytes),
        now=context.now(),
        validation=candidate.validation,
        wildcard=candidate.wildcard,
        challenge_target=targets.challenge_target(candidate.name, suffix) if delegated else None,
        connection_id=candidate.connection_id,
    )


def _conflict_result(holder: Domain, org_id: str) -> AdditionResult:
    name = holder.name
    if holder.org_id == org_id:
        conflict = Conflict(f"{name} is already one of your domains.", code="domain_exists", existing_id=holder.id)
        return AdditionResult(domain=holder, error=conflict)
    return AdditionResult(error=Conflict(f"{name} is in use by another customer of this service.", code="domain_taken"))


async def add(
    context: Context,
    org_id: str,
    name: str,
    *,
    validation: ValidationMethod | None = None,
    wildcard: bool = False,
    connection_id: str | None = None,
    actor: str = DAEMON_ACTOR,
) -> Domain:
    """A new domain with its `register` job; a wildcard is validated by delegation.

    connection_id: the connection that writes its records, which a `write_dns` job then does at once.
    Raises InvalidInput for what cannot be, Conflict for a name that is taken.
    """
    connection = UNSET if connection_id is None else connection_id
    wish = DomainRequest(domain_name=name, validation=validation, wildcard=wildcard, connection_id=connection)
    addition = validate(context, wish)

    def unit(tx: Transaction) -> Domain:
        (verdict,) = evaluate(context, tx, org_id, [addition])
        if verdict.error is not None:
            raise verdict.error
        assert verdict.domain is not None, "a verdict without an error has a domain"
        store(context, tx, org_id, [verdict.domain], actor=actor)
        return verdict.domain

    return await context.database.write(unit)
