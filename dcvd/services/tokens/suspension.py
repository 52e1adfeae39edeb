"""Suspend, resume and begin to delete organizations: all of these change what their tokens and links may do."""

import structlog

from dcvd.core.audit import AuditAction
from dcvd.core.organizations.status import OrganizationStatus, require_not_deleting
from dcvd.services import audit, organizations
from dcvd.services.context import Context
from dcvd.services.rights_changes import announce_change
from dcvd.store import links, sessions
from dcvd.store.engine.transactions import Topic, Transaction
from dcvd.store.organizations import organizations as organizations_table
from dcvd.store.organizations.organizations import Organization
from dcvd.store.tokens import tokens

log = structlog.get_logger(__name__)


async def suspend(context: Context, org_id: str) -> Organization:
    """Suspend an organization, which ends the requests of its tokens at once; checks and deliveries go on.

    Raises NotFound, Conflict where it is being deleted.
    """
    return await _set_status(context, org_id, OrganizationStatus.SUSPENDED)


async def resume(context: Context, org_id: str) -> Organization:
    """Let the tokens of a suspended organization work again. Raises NotFound, Conflict where it is being deleted."""
    return await _set_status(context, org_id, OrganizationStatus.ACTIVE)


async def begin_deletion(context: Context, org_id: str) -> Organization:
    """Have an organization deleted: its tokens are refused from now on, and its data is removed step by step.

    Where that has begun already, nothing changes. Raises NotFound.
    """

    def unit(tx: Transaction) -> Organization:
        organization = organizations.require(tx, org_id)
        if organization.status is not OrganizationStatus.DELETING:
            organizations_table.set_status(tx, org_id, OrganizationStatus.DELETING)
            before = {"name": organization.name}
            # In the daemon's own chain: the organization's goes with it.
            audit.record(context, tx, None, AuditAction.ORGANIZATION_DELETION_BEGUN, org_id, before=before)
            end_rights(context, tx, org_id)
        tx.announce(Topic.ORGANIZATIONS, org_id)
        return organizations.require(tx, org_id)

    organization = await context.database.write(unit)
    log.info("organization.deletion_begun", org_id=org_id, name=organization.name)
    return organization


def end_rights(context: Context, tx: Transaction, org_id: str) -> None:
    """End an organization's sessions, and what its tokens' and links' bearers have under way, as its status changes."""
    for session in sessions.list_all_of_org(tx, org_id):
        announce_change(context, tx, session.id)
    sessions.delete_of_org(tx, org_id)
    for token_id in tokens.change_rights_of_org(tx, org_id):
        announce_change(context, tx, token_id)
    for link in links.list_live_of_org(tx, org_id, context.now()):
        announce_change(context, tx, link.id)


async def _set_status(context: Context, org_id: str, status: OrganizationStatus) -> Organization:
    def unit(tx: Transaction) -> Organization:
        organization = organizations.require(tx, org_id)
        require_not_deleting(organization.name, organization.status)
        if organization.status is not status:
            organizations_table.set_status(tx, org_id, status)
            action = (
                AuditAction.ORGANIZATION_SUSPENDED
                if status is OrganizationStatus.SUSPENDED
                else AuditAction.ORGANIZATION_RESUMED
            )
            audit.record(context, tx, org_id, action, org_id)
            end_rights(context, tx, org_id)
        return organizations.require(tx, org_id)

    organization = await context.database.write(unit)
    log.info("organization.status_set", org_id=org_id, status=status.value)
    return organization
