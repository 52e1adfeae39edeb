"""How domains come in: judged by what is stored, then stored with their `register` jobs and their events."""

from collections.abc import Sequence

from msgspec import UNSET, Struct

from dcvd.core.domains import targets
from dcvd.core.domains.additions import Addition, Wish, checked
from dcvd.core.domains.domain import Domain, Validation, new_domain
from dcvd.core.ids import Prefix
from dcvd.core.jobs import Job, JobKind
from dcvd.core.lifecycle import transitions
from dcvd.core.timeline import DAEMON
from dcvd.errors import Conflict, DcvdError, InvalidInput
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.jobs import dns_writes, queue
from dcvd.store import cloudflare_zones, connections, domains
from dcvd.store.engine.database import Snapshot, Transaction


class Verdict(Struct, frozen=True, kw_only=True):
    """What came of an addition: a new domain, or an error; with a domain too where the organization has it already."""

    domain: Domain | None = None
    error: DcvdError | None = None


def check(context: Context, wish: Wish) -> Addition:
    """What a wish comes to by the configuration. Raises InvalidInput."""
    return checked(
        wish,
        target=context.config.cloudflare.cname_target,
        allowed_tlds=context.config.domains.allow_reserved_tlds,
    )


def judge(context: Context, snapshot: Snapshot, org_id: str, wanted: Sequence[Addition]) -> list[Verdict]:
    """What comes of each, the earlier ones considered. New domains are made, and for the caller to store."""
    holders = domains.by_names(snapshot, [addition.name for addition in wanted])
    suffix = cloudflare_zones.delegation_suffix(snapshot, context.config.cloudflare.zone_id)
    named = {addition.connection_id for addition in wanted if addition.connection_id is not None}
    held = connections.held_by(snapshot, org_id, named) if named else frozenset()
    verdicts: list[Verdict] = []
    for addition in wanted:
        holder = holders.get(addition.name)
        if holder is not None:
            verdicts.append(_taken(holder, org_id))
            continue
        if addition.connection_id is not None and addition.connection_id not in held:
            verdicts.append(Verdict(error=no_connection(addition.connection_id)))
            continue
        try:
            domain = _new(context, org_id, addition, suffix)
        except InvalidInput as error:
            verdicts.append(Verdict(error=error))
            continue
        holders[addition.name] = domain
        verdicts.append(Verdict(domain=domain))
    return verdicts


def store(context: Context, tx: Transaction, org_id: str, new: Sequence[Domain], *, actor: str) -> list[Job]:
    """Store domains that were judged to be new in the same unit of work; returns their `register` jobs.

    Those with a connection get their `write_dns` jobs too.
    """
    domains.insert_all(tx, new)
    timeline.requested_of_all(context, tx, new, actor=actor, what="added")
    registrations = queue.enqueue_for_all(context, tx, JobKind.REGISTER, org_id, new)
    dns_writes.write_all(context, tx, org_id, new)
    recording.record(context, tx, org_id, [transitions.added(domain) for domain in new])
    return registrations


def no_connection(connection_id: str) -> InvalidInput:
    """The organization does not have it; it may be another one's, which looks the same."""
    return InvalidInput("connectionId", f"There is no connection {connection_id}.", code="connection_not_found")


def _new(context: Context, org_id: str, addition: Addition, suffix: str | None) -> Domain:
    delegated = addition.validation == "delegated"
    if delegated:
        targets.check_delegation(addition.name, suffix)
    return new_domain(
        domain_id=context.new_id(Prefix.DOMAIN),
        org_id=org_id,
        name=addition.name,
        cname_target=targets.new_target(context.config.cloudflare.cname_target, context.random_bytes),
        now=context.now(),
        validation=addition.validation,
        wildcard=addition.wildcard,
        challenge_target=targets.challenge_target(addition.name, suffix) if delegated else None,
        connection_id=addition.connection_id,
    )


def _taken(holder: Domain, org_id: str) -> Verdict:
    name = holder.name
    if holder.org_id == org_id:
        conflict = Conflict(f"{name} is already one of your domains.", code="domain_exists", existing_id=holder.id)
        return Verdict(domain=holder, error=conflict)
    return Verdict(error=Conflict(f"{name} is in use by another customer of this service.", code="domain_taken"))


async def add(
    context: Context,
    org_id: str,
    name: str,
    *,
    validation: Validation | None = None,
    wildcard: bool = False,
    connection_id: str | None = None,
    actor: str = DAEMON,
) -> Domain:
    """A new domain with its `register` job; a wildcard is validated by delegation.

    connection_id: the connection that writes its records, which a `write_dns` job then does at once.
    Raises InvalidInput for what cannot be, Conflict for a name that is taken.
    """
    connection = UNSET if connection_id is None else connection_id
    wish = Wish(domain_name=name, validation=validation, wildcard=wildcard, connection_id=connection)
    addition = check(context, wish)

    def unit(tx: Transaction) -> Domain:
        (verdict,) = judge(context, tx, org_id, [addition])
        if verdict.error is not None:
            raise verdict.error
        assert verdict.domain is not None, "a verdict without an error has a domain"
        store(context, tx, org_id, [verdict.domain], actor=actor)
        return verdict.domain

    return await context.database.write(unit)
