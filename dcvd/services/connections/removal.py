"""Remove connections: erase them here, and revoke them at the provider where that is possible.

The first transaction erases the connection, ends its refreshes and stores what is to be revoked. Where the rest is cut
off, a round of maintenance revokes, and a job that finds its connection gone ends as it would have been ended here.
"""

from typing import Final

import structlog

from dcvd.core.audit import AuditAction
from dcvd.errors import StoreError
from dcvd.services import audit
from dcvd.services.connections import creation, queries, revocations
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.queries import CredentialsUnreadable, UnsealedConnection
from dcvd.services.connections.refresh_token_job import REFRESH_TOKEN
from dcvd.services.context import Context
from dcvd.services.jobs import dns_writes, queue
from dcvd.store.connections import connections as connections_table
from dcvd.store.connections.pending_revocations import PendingRevocation
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import jobs as jobs_table

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

    Raises NotFound, NotConfigured without a configured key; StoreError where nothing was removed, and with the code
    `outcome_unknown` where nobody can tell.
    """
    _ = context.connection_vault
    await context.database.read(lambda snapshot: queries.get_owned(context, snapshot, org_id, connection_id))
    await access.tasks.run(
        f"disconnect.{connection_id}",
        lambda: _disconnect(context, access, org_id, connection_id, actor, batch_size),
    )


async def _disconnect(
    context: Context, access: ProviderAccess, org_id: str, connection_id: str, actor: str, batch_size: int
) -> None:
    revocation = await _erase(context, access, org_id, connection_id, batch_size, actor)
    revoked = False
    try:
        while await context.database.write(lambda tx: _give_up_writes(context, tx, connection_id, batch_size)):
            pass
        if revocation is not None:
            revoked = await revocations.carry_out(context, access.token_client, access.tasks, revocation)
    except StoreError as error:
        log.warning("connection.removal_not_finished", connection_id=connection_id, error=error.message)
    log.info("connection.removed", connection_id=connection_id, org_id=org_id, revoked=revoked, actor=actor)


async def _erase(
    context: Context, access: ProviderAccess, org_id: str, connection_id: str, batch_size: int, actor: str
) -> PendingRevocation | None:
    """Erase the connection, and store what is to be revoked; None where that is nothing."""
    try:
        # A refresh in flight would bring tokens that nobody revokes.
        await access.refresher.block_refreshes(connection_id)
        unsealed_connection = await _find_newest_credentials(context, access, org_id, connection_id)
        revocation: PendingRevocation | None = None

        def erase(tx: Transaction) -> None:
            nonlocal revocation
            removed = queries.get_owned(context, tx, org_id, connection_id)
            before = {"provider": removed.provider.value, "account": removed.account}
            audit.record(context, tx, org_id, AuditAction.CONNECTION_REMOVED, connection_id, before=before, actor=actor)
            _give_up_writes(context, tx, connection_id, batch_size)
            jobs_table.end_pending_of_connection(tx, connection_id, REFRESH_TOKEN.name, context.now())
            connections_table.delete(tx, connection_id)
            if unsealed_connection is not None:
                revocation = revocations.record_revocation(context, tx, unsealed_connection)

        try:
            await context.database.write(erase)
        except StoreError:
            if await creation.is_stored(context, connection_id):
                raise
        access.refresher.forget_unstored(connection_id)
    finally:
        access.refresher.unblock_refreshes(connection_id)
    return revocation


async def _find_newest_credentials(
    context: Context, access: ProviderAccess, org_id: str, connection_id: str
) -> UnsealedConnection | None:
    """Find what is to be revoked; None where it cannot be opened, which is logged: it can still be erased."""
    try:
        stored = await queries.load_connection(context, org_id, connection_id)
    except CredentialsUnreadable as error:
        return access.refresher.find_unstored(error.connection)
    return access.refresher.find_unstored(stored.connection) or stored


def _give_up_writes(context: Context, tx: Transaction, connection_id: str, batch_size: int) -> int:
    """Fail pending jobs that write or remove records through the connection; return how many there were."""
    pending_jobs = jobs_table.list_pending_of_connection(tx, connection_id, dns_writes.WRITE_DNS.name, batch_size)
    for job in pending_jobs:
        queue.record_failure(context, tx, job, dns_writes.connection_removed_error(job))
    return len(pending_jobs)
