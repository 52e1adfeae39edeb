"""Move a name to another organization, as an operator decides."""

from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.dns.hostnames import normalise
from dcvd.core.domains.claims import RemovalReason
from dcvd.core.domains.domain import Domain, Proof, new_domain
from dcvd.core.ids import IdPrefix
from dcvd.core.lifecycle import domain_events
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.organizations.status import require_not_deleting
from dcvd.core.sentences.wording import word
from dcvd.core.timeline import OPERATOR_ACTOR
from dcvd.errors import NotFound
from dcvd.services import audit, timeline
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.lifecycle import claims
from dcvd.services.organizations import registry
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction


async def move(context: Context, org_id: str, name: str) -> Domain:
    """Give a name to an organization, with its hostname at Cloudflare; everybody else's domains of that name end.

    The organization's own domain of that name is used, or one is made that is ordered like the present holder's and
    keeps its target, so that the record in DNS stays right. Events tell all of them. Quotas do not count here.

    Raises InvalidInput for what is no hostname, NotFound where nobody has added the name, or for the organization.
    """
    normal_name = normalise(name, allowed_tlds=context.config.domains.allow_reserved_tlds)

    def unit(tx: Transaction) -> Domain:
        organization = registry.require(tx, org_id)
        require_not_deleting(organization.name, organization.status)
        source = domains.find_by_name(tx, normal_name)
        if source is None:
            raise NotFound(word("domain_of_nobody", name=normal_name))
        claim = domains.find_owned_by_names(tx, org_id, [normal_name]).get(normal_name)
        if claim is not None and claim.has_strong_proof:
            return claim
        if claim is None:
            claim = _add_like(context, tx, org_id, source)
        else:
            timeline.record_request(
                context, tx, org_id, claim.id, actor=OPERATOR_ACTOR, what="moved", detail=claim.name
            )
        moved = claims.prove(
            context, tx, claim, Proof.OPERATOR, reason=RemovalReason.MOVED, actor=OPERATOR_ACTOR
        ).domain
        timeline.record_check(context, tx, claim, moved, (), actor=OPERATOR_ACTOR)
        audit.record(context, tx, org_id, AuditAction.DOMAIN_MOVED, moved.id, after={"domainName": moved.name})
        domains.set_next_check(tx, moved.id, context.now(), CheckLane.WAITING)
        return moved

    return await context.database.write(unit)


def _add_like(context: Context, tx: Transaction, org_id: str, source: Domain) -> Domain:
    domain = new_domain(
        domain_id=context.new_id(IdPrefix.DOMAIN),
        org_id=org_id,
        name=source.name,
        cname_target=source.cname_target,
        has_own_target=source.has_own_target,
        is_contested=True,
        now=context.now(),
        validation=source.validation,
        wildcard=source.wildcard,
        challenge_target=source.challenge_target,
    )
    domain = replace(domain, read_only=source.read_only, kept_settings=source.kept_settings)
    domains.insert_all(tx, [domain])
    timeline.record_requests(context, tx, [domain], actor=OPERATOR_ACTOR, what="added")
    recording.record(context, tx, org_id, [domain_events.draft_added_event(domain)])
    return domain
