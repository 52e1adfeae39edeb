"""Remove connections: revoke them at the provider where that is possible, and erase them here in any case."""

from typing import Final

import structlog

from dcvd.errors import Permanent, Unauthorized
from dcvd.services.connections import queries
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.token_refresher import revoke_quietly
from dcvd.services.context import Context
from dcvd.services.jobs import dns_writes, queue
from dcvd.store import connections as connections_table
from dcvd.store import jobs as jobs_table
from dcvd.store.engine.database import Transaction

log = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 200


async def disconnect(
    context: Context,
    access: ProviderAccess,
    org_id: str,
    connection_id: str,
    *,
    actor: str,
    batch_size: int = _BATCH_SIZE,
) -> None:
    """Remove a connection. Its domains stay; pending writes through it become dead letters that say why.

    Raises NotFound, NotConfigured without a configured key.
    """
    _ = context.connection_vault
    await context.database.read(lambda snapshot: queries.get_owned(snapshot, org_id, connection_id))
    # A refresh in flight would bring tokens that nobody revokes.
    await access.refresher.block_refreshes(connection_id)
    try:
        try:
            unsealed_connection = await queries.load_connection(context, org_id, connection_id)
        except Unauthorized:  # its credentials cannot be opened, which is logged: it can still be erased
            revoked = False
        else:
            revoked = await revoke_quietly(access.token_client, access.refresher.find_newest(unsealed_connection))
        count = batch_size
        while count == batch_size:
            count = await context.database.write(
                lambda tx: _give_up_writes(context, tx, org_id, connection_id, batch_size)
            )
        await context.database.write(lambda tx: _erase(context, tx, org_id, connection_id, batch_size))
        access.refresher.forget_unstored(connection_id)
    finally:
        access.refresher.unblock_refreshes(connection_id)
    log.info("connection.removed", connection_id=connection_id, org_id=org_id, revoked=revoked, actor=actor)


def _give_up_writes(context: Context, tx: Transaction, org_id: str, connection_id: str, batch_size: int) -> int:
    """Fail pending jobs that write or remove records through the connection; return how many there were."""
    queries.get_owned(tx, org_id, connection_id)
    pending_jobs = jobs_table.list_pending_of_connection(tx, connection_id, dns_writes.WRITE_DNS.name, batch_size)
    for job in pending_jobs:
        message = (
            f"The connection {connection_id} was removed before the records of {job.domain_name} were changed through "
            "it. Change them at the provider by hand, or connect anew and ask again."
        )
        queue.record_failure(context, tx, job, Permanent(message, code="connection_removed"))
    return len(pending_jobs)


def _erase(context: Context, tx: Transaction, org_id: str, connection_id: str, batch_size: int) -> None:
    _give_up_writes(context, tx, org_id, connection_id, batch_size)
    jobs_table.end_pending_of_connection(tx, connection_id, context.now())
    connections_table.delete(tx, connection_id)
