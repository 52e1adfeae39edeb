"""Plans what becomes of domains: they are adopted at Cloudflare, and none of it makes an event."""

from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.custom_hostnames.read_only import explain_read_only
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.claims import MAX_CLAIMS
from dcvd.core.domains.domain import Domain, DomainStatus, Proof, delegation_suffix
from dcvd.core.jobs import NO_PAYLOAD
from dcvd.core.predecessor import claims
from dcvd.core.predecessor.rows import DomainRow
from dcvd.core.timeline import OPERATOR_ACTOR
from dcvd.core.zones.zone import enclosing_names, find_holder
from dcvd.errors import InvalidInput
from dcvd.services import audit, timeline
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import dns_writes, queue
from dcvd.services.lifecycle import hostname_assignment
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.services.predecessor.hostnames import FoundHostnames
from dcvd.services.predecessor.plan import ORIGIN, Plan, bring, claim_beside, leave_out, refuse
from dcvd.store import cloudflare_zones, domains, zones
from dcvd.store.engine.transactions import Snapshot, Transaction


def normalize_name(context: Context, row: DomainRow) -> str:
    """Return a row's name in its normal form. Raises InvalidInput."""
    return additions.validate(context, DomainRequest(domain_name=row.domain_name)).name


def plan_domain(
    context: Context, snapshot: Snapshot, row: DomainRow, found: FoundHostnames, *, is_simulated: bool
) -> Plan:
    """Plan a domain: with its hostname at Cloudflare, or as a claim beside that of whoever has it.

    is_simulated: whether what comes before it is not stored.
    """
    try:
        name = normalize_name(context, row)
    except InvalidInput as error:
        return refuse(error.message)
    counts = domains.count_claims(snapshot, row.org_id, [name])[name]
    if counts.own_id is not None:
        return leave_out(f"The organization has {name} already, as {counts.own_id}.")
    if counts.total >= MAX_CLAIMS:
        return refuse(f"{counts.total} organizations claim {name} already, which is the most.")
    target = context.config.cloudflare.cname_target
    claim = claims.build_claim(row, name, target, context.now(), is_contested=counts.total > 0)
    notes = _describe_target(row, claim, target)
    hostname = found.by_name.get(name)
    if hostname is not None and claims.is_gone(hostname):
        hostname = None
    cf_id = hostname.id if hostname is not None else None if found.is_known(name) else row.cf_id
    if row.is_rival and not counts.total and not is_simulated:
        return refuse(f"Another organization of the dump has the better claim on {name}: import that one before.")
    if row.is_rival or _is_taken(snapshot, name, cf_id):
        notes.append(f"Another organization has {name}; this one gets it once it proves it.")
        return claim_beside(lambda tx: _store_parked(context, tx, claim), *notes)
    if hostname is not None:
        suffix = cloudflare_zones.find_delegation_suffix(snapshot, context.config.cloudflare.zone_id)
        adopted = claims.adopt(claim, row, hostname, context.now(), context.rules, suffix)
        if adopted.read_only is not None:
            notes.append(explain_read_only(name, adopted.read_only))
        return bring(lambda tx: _store(context, tx, adopted), *notes)
    if not found.is_known(name):
        notes.append(f"Cloudflare could not be asked: {found.problem or 'no answer came.'}")
        unseen = claims.adopt_unseen(claim, row)
        return bring(lambda tx: _store(context, tx, unseen), *notes)
    notes.append("Cloudflare does not have its hostname; it is registered there anew.")
    return bring(lambda tx: _store(context, tx, claim), *notes)


def _is_taken(snapshot: Snapshot, name: str, cf_id: str | None) -> bool:
    """Whether the hostname at Cloudflare is another claim's, or one is proved."""
    if cf_id is not None and domains.find_by_cloudflare_id(snapshot, cf_id) is not None:
        return True
    return any(rival.cf_id is not None or rival.proof is not None for rival in domains.list_by_name(snapshot, name))


def _describe_target(row: DomainRow, claim: Domain, configured: str) -> list[str]:
    if claims.choose_target(row) not in (None, configured):
        return [f"Its CNAME leads to {claim.cname_target}, which is not the configured target; it is kept."]
    return []


def _store(context: Context, tx: Transaction, claim: Domain) -> None:
    """Store a claim that nobody else has, and have its hostname registered where it has none."""
    holder = find_holder(claim.name, zones.list_holders(tx, enclosing_names(claim.name)))
    if holder == claim.org_id:
        claim = replace(claim, proof=Proof.ZONE, proved_at=context.now())
    elif holder is not None:
        claim = replace(claim, proof=None, proved_at=None)
    _insert(context, tx, claim)
    if claim.cf_id is None:
        queue.enqueue_for(context, tx, REGISTER, claim, NO_PAYLOAD)


def _store_parked(context: Context, tx: Transaction, claim: Domain) -> None:
    _insert(context, tx, claim)
    parked = hostname_assignment.observe_parked(context, tx, claim, is_new=True)
    stored = claims.park(claim, parked, context.now(), context.rules)
    assert stored.status is DomainStatus.PENDING_CNAME, "nothing was seen of it yet"
    domains.update(tx, stored)


def _insert(context: Context, tx: Transaction, claim: Domain) -> None:
    domains.insert_all(tx, [claim])
    dns_writes.take_over_records(context, tx, claim.org_id, [claim])
    if (suffix := delegation_suffix(claim)) is not None:
        cloudflare_zones.store_delegation_suffix(tx, context.config.cloudflare.zone_id, suffix, context.now())
    timeline.record_requests(context, tx, [claim], actor=OPERATOR_ACTOR, what="imported")
    after = {"domainName": claim.name, **ORIGIN}
    audit.record(context, tx, claim.org_id, AuditAction.DOMAIN_IMPORTED, claim.id, after=after)
