"""Organizations: operators create, list and change them."""

from collections.abc import Collection, Mapping

import structlog

from dcvd.core.audit import AuditAction
from dcvd.core.http.entity_tags import ANY_STATE, Precondition, build_entity_tag
from dcvd.core.ids import IdPrefix
from dcvd.core.organizations.status import require_not_deleting
from dcvd.core.organizations.unknown import describe_unknown_organization
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, InvalidInput, NotFound
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.names import validate_name
from dcvd.services.organizations.quotas import change_quotas
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations
from dcvd.store.organizations.organizations import Organization

log = structlog.get_logger(__name__)


async def create(context: Context, name: str) -> Organization:
    """Create an organization. Raises Conflict for a name that exists, InvalidInput for a name that is not allowed."""
    valid_name = _validate_name(name)
    organization = Organization(id=context.new_id(IdPrefix.ORGANIZATION), name=valid_name, created_at=context.now())

    def unit(tx: Transaction) -> Organization:
        _require_free(tx, valid_name)
        organizations.insert(tx, organization)
        after = {"name": valid_name}
        audit.record(context, tx, organization.id, AuditAction.ORGANIZATION_CREATED, organization.id, after=after)
        return organization

    return await context.database.write(unit)


async def change(
    context: Context,
    org_id: str,
    *,
    name: str | None = None,
    quotas: Mapping[str, int | None] | None = None,
    precondition: Precondition = ANY_STATE,
) -> Organization:
    """Rename an organization, and change some of its quotas, see `change_quotas`; None leaves them.

    Raises NotFound, Conflict for the name of another one or where it is being deleted, InvalidInput; PreconditionFailed
    where it is in another state than `precondition` says, see `tag_organization`.
    """
    valid_name = None if name is None else _validate_name(name)

    def unit(tx: Transaction) -> Organization:
        organization = require(tx, org_id)
        require_not_deleting(organization.name, organization.status)
        tag = tag_organization(organization, organizations.read_quota_overrides(tx, org_id))
        precondition.check(tag, say("the_organization", id=org_id))
        if valid_name is not None and valid_name != organization.name:
            _require_free(tx, valid_name)
            organizations.rename(tx, org_id, valid_name)
        old_quotas = organizations.read_quota_overrides(tx, org_id)
        if quotas is not None:
            change_quotas(tx, org_id, quotas)
        changed = require(tx, org_id)
        audit.record_difference(
            context,
            tx,
            org_id,
            AuditAction.ORGANIZATION_CHANGED,
            org_id,
            {"name": organization.name, "quotas": old_quotas},
            {"name": changed.name, "quotas": organizations.read_quota_overrides(tx, org_id)},
        )
        return changed

    organization = await context.database.write(unit)
    log.info("organization.changed", org_id=org_id, name=organization.name, quotas=quotas)
    return organization


def tag_organization(organization: Organization, own_quotas: Mapping[str, int]) -> str:
    """Build the entity tag of what an operator can change of an organization; its counts may differ under it."""
    return build_entity_tag(organization.id, organization.name, organization.status, sorted(own_quotas.items()))


async def list_all(context: Context) -> list[Organization]:
    """List every organization by name."""
    return await context.database.read(organizations.list_all)


async def read_names(context: Context, ids: Collection[str]) -> dict[str, str]:
    """Read the names of those of the organizations that exist, by their ids."""
    return await context.database.read(lambda snapshot: organizations.read_names(snapshot, ids))


async def find(context: Context, id_or_name: str) -> Organization:
    """Find an organization by its id or name. Raises NotFound."""
    organization = await context.database.read(lambda snapshot: organizations.find(snapshot, id_or_name))
    if organization is None:
        known = [each.name for each in await list_all(context)]
        raise NotFound(describe_unknown_organization(id_or_name, known))
    return organization


def require(snapshot: Snapshot, org_id: str) -> Organization:
    """Return the organization with this id. Raises NotFound."""
    organization = organizations.find(snapshot, org_id)
    if organization is None or organization.id != org_id:
        raise NotFound(word("organization_unknown", organization=org_id))
    return organization


def _validate_name(name: str) -> str:
    valid_name = validate_name(name, subject="organization")
    if valid_name.startswith(f"{IdPrefix.ORGANIZATION}_"):
        raise InvalidInput("name", word("organization_name_like_id"))
    return valid_name


def _require_free(snapshot: Snapshot, name: str) -> None:
    existing = organizations.find(snapshot, name)
    if existing is not None:
        raise Conflict(
            word("organization_exists", name=repr(name)), code="organization_exists", existing_id=existing.id
        )
