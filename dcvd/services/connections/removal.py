"""How connections go: ended at the provider where that can be, and erased here whether it could or not."""

from typing import Final

import structlog

from dcvd.core.jobs import JobKind
from dcvd.errors import Permanent, Unauthorized
from dcvd.services.connections import queries
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.queries import UnsealedConnection
from dcvd.services.connections.token_refresher import revoke_quietly
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store import connections as table
from dcvd.store import jobs as table_of_jobs
from dcvd.store.engine.database import Snapshot, Transaction

log = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 200


async def disconnect(context: Context, access: ProviderAccess, org_id: str, connection_id: str, *, actor: str) -> None:
    """Domains that use it go on without; what was still to be written through it becomes a dead letter that says so.

    Raises NotFound, Unavailable without a configured key.
    """
    _ = context.connection_vault
    await context.database.read(lambda snapshot: queries.get_owned(snapshot, org_id, connection_id))
    # A refresh under way would bring tokens that nobody ends.
    await access.refresher.block_refreshes(connection_id)
    try:
        opened = await context.database.read(
            lambda snapshot: _unseal_if_readable(context, snapshot, org_id, connection_id)
        )
        revoked = opened is not None and await revoke_quietly(access.token_client, access.refresher.find_newest(opened))
        while (
            await context.database.write(lambda tx: _give_up_writes(context, tx, org_id, connection_id)) == _BATCH_SIZE
        ):
            pass
        await context.database.write(lambda tx: _erase(context, tx, org_id, connection_id))
        access.refresher.forget_unstored(connection_id)
    finally:
        access.refresher.unblock_refreshes(connection_id)
    log.info("connection.removed", connection_id=connection_id, org_id=org_id, revoked=revoked, actor=actor)


def _unseal_if_readable(
    context: Context, snapshot: Snapshot, org_id: str, connection_id: str
) -> UnsealedConnection | None:
    """None where the credentials cannot be opened, which is logged: they can still be erased."""
    try:
        return queries.unseal_connection(context, snapshot, org_id, connection_id)
    except Unauthorized:
        return None


def _give_up_writes(context: Context, tx: Transaction, org_id: str, connection_id: str) -> int:
    """Records that were promised to be written, or to be taken out, will not be: nobody is told that they were."""
    queries.get_owned(tx, org_id, connection_id)
    pending = table_of_jobs.list_pending_of_connection(tx, connection_id, JobKind.WRITE_DNS, _BATCH_SIZE)
    for job in pending:
        message = (
            f"The connection {connection_id} was removed before the records of {job.domain_name} were changed through "
            "it. Change them at the provider by hand, or connect anew and ask again."
        )
        queue.record_failure(context, tx, job, Permanent(message, code="connection_removed"))
    return len(pending)


def _erase(context: Context, tx: Transaction, org_id: str, connection_id: str) -> None:
    _give_up_writes(context, tx, org_id, connection_id)
    table_of_jobs.end_pending_of_connection(tx, connection_id, context.now())
    table.delete(tx, connection_id)
