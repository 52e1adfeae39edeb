"""What connections need without a request: refresh tokens in time, and report a connection whose access has ended."""

from collections.abc import Callable
from typing import Final

from dcvd.core.connections.connection import Connection
from dcvd.core.instants import DAY
from dcvd.core.jobs import NO_PAYLOAD
from dcvd.services.connections import reauth
from dcvd.services.connections.refresh_token_job import REFRESH_TOKEN
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot, Transaction

_BATCH_SIZE: Final = 200
_DEAD_REFRESH_PAUSE_MS: Final = DAY
"""After so long, a refresh whose job became a dead letter gets another job; each use of the connection refreshes it
meanwhile, and so does a retry of the dead letter."""


async def enqueue_refreshes(context: Context, *, batch_size: int = _BATCH_SIZE) -> int:
    """Enqueue a job for each connection whose refresh is due; return how many. Does nothing without a key."""
    if not context.vault.is_configured:
        return 0

    def handle(tx: Transaction, connection: Connection) -> None:
        queue.enqueue(context, tx, REFRESH_TOKEN, NO_PAYLOAD, org_id=connection.org_id, connection_id=connection.id)

    return await _handle_in_batches(context, _list_due_for_refresh, handle, batch_size)


async def require_reauth_of_expired(context: Context, *, batch_size: int = _BATCH_SIZE) -> int:
    """Mark connections whose access token has ended and cannot be refreshed as `reauth_required`; return how many.

    That waits for a time that something confirms: it asks people to connect again.
    """
    if context.confirmed_now() is None:
        return 0

    def handle(tx: Transaction, connection: Connection) -> None:
        reauth.record_reauth_required(context, tx, connection, reauth.ACCESS_ENDED, reauth.ACCESS_ENDED_MESSAGE)

    return await _handle_in_batches(context, connections.list_expired, handle, batch_size)


def _list_due_for_refresh(snapshot: Snapshot, now: int, limit: int) -> list[Connection]:
    return connections.list_due_for_refresh(
        snapshot, REFRESH_TOKEN.name, now, limit, dead_since=now - _DEAD_REFRESH_PAUSE_MS
    )


async def _handle_in_batches(
    context: Context,
    find: Callable[[Snapshot, int, int], list[Connection]],
    handle: Callable[[Transaction, Connection], object],
    batch_size: int,
) -> int:
    """Handle what `find` finds; return how many. Mostly there is nothing to do, and then no transaction is begun."""

    def unit(tx: Transaction) -> int:
        found_connections = find(tx, context.now(), batch_size)
        for connection in found_connections:
            handle(tx, connection)
        return len(found_connections)

    total = 0
    while await context.database.read(lambda snapshot: find(snapshot, context.now(), 1)):
        count = await context.database.write(unit)
        total += count
        if count < batch_size:
            break
    return total
