"""How connections go: ended at the provider where that can be, and erased here whether it could or not."""

import structlog

from dcvd.errors import Unauthorized
from dcvd.services import connections
from dcvd.services.access import Access
from dcvd.services.connections import OpenedConnection
from dcvd.services.context import Context
from dcvd.services.refreshing import revoke_quietly
from dcvd.store import connections as table
from dcvd.store import jobs
from dcvd.store.database import Snapshot, Transaction

log = structlog.get_logger(__name__)


async def disconnect(context: Context, access: Access, org_id: str, connection_id: str, *, actor: str) -> None:
    """Domains that use it go on without; what was still to be done with it is not done any more.

    Raises NotFound, Unavailable without a configured key.
    """
    _ = context.connection_vault
    await context.database.read(lambda snapshot: connections.owned(snapshot, org_id, connection_id))
    # A refresh under way would bring tokens that nobody ends.
    await access.refresher.end(connection_id)
    try:
        opened = await context.database.read(lambda snapshot: _readable(context, snapshot, org_id, connection_id))
        revoked = opened is not None and await revoke_quietly(access.tokens, access.refresher.newest(opened))
        await context.database.write(lambda tx: _erase(context, tx, org_id, connection_id))
        access.refresher.forget(connection_id)
    finally:
        access.refresher.ended(connection_id)
    log.info("connection.removed", connection_id=connection_id, org_id=org_id, revoked=revoked, actor=actor)


def _readable(context: Context, snapshot: Snapshot, org_id: str, connection_id: str) -> OpenedConnection | None:
    """None where the credentials cannot be opened, which is logged: they can still be erased."""
    try:
        return connections.opened(context, snapshot, org_id, connection_id)
    except Unauthorized:
        return None


def _erase(context: Context, tx: Transaction, org_id: str, connection_id: str) -> None:
    connections.owned(tx, org_id, connection_id)
    jobs.end_of_connection(tx, connection_id, context.now())
    table.delete(tx, connection_id)
