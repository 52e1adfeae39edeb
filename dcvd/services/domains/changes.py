"""Change what an organization has attached to its domain: its own id, and labels. No event tells of it."""

from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.dns.hostnames import normalise
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.labels import LabelsChange, merge_labels, validate_external_id
from dcvd.core.http.entity_tags import ANY_STATE, Precondition
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import NotFound
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.domains import details
from dcvd.services.domains.details import DomainDetail
from dcvd.services.domains.queries import get_owned
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction


async def change(
    context: Context, org_id: str, domain_id: str, requested: LabelsChange, *, precondition: Precondition = ANY_STATE
) -> DomainDetail:
    """Change what is given. The next events carry it; those that are stored stay as they are.

    Raises NotFound, InvalidInput; PreconditionFailed where the domain is in another state than `precondition` says.
    """

    def unit(tx: Transaction) -> None:
        stored = get_owned(tx, org_id, domain_id)
        precondition.check(stored.entity_tag, say("the_domain", id=domain_id))
        domain = replace(
            stored,
            external_id=stored.external_id
            if requested.external_id is UNSET
            else validate_external_id(requested.external_id),
            labels=merge_labels(stored.labels, requested.labels),
            updated_at=context.now(),
        )
        if domain.entity_tag == stored.entity_tag:
            return
        domains.update_labels(tx, domain)
        audit.record_difference(
            context, tx, org_id, AuditAction.DOMAIN_CHANGED, domain_id, _describe(stored), _describe(domain)
        )

    await context.database.write(unit)
    return await details.get(context, org_id, domain_id)


async def change_by_name(context: Context, org_id: str, name: str, requested: LabelsChange) -> DomainDetail:
    """Change the organization's domain of a name, see `change`."""
    normal_name = normalise(name, allowed_tlds=context.config.domains.allow_reserved_tlds)
    found = await context.database.read(lambda snapshot: domains.find_owned_by_names(snapshot, org_id, [normal_name]))
    if normal_name not in found:
        raise NotFound(word("domain_name_unknown", name=normal_name))
    return await change(context, org_id, found[normal_name].id, requested)


def _describe(domain: Domain) -> dict[str, Any]:
    return {"externalId": domain.external_id, "labels": domain.labels}
