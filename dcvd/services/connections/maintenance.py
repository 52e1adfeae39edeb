"""What connections need without anybody's asking: tokens renewed in time, and an end that is told."""

from collections.abc import Callable
from typing import Final

from dcvd.core.connections.connection import Connection, ConnectionStatus, Provider
from dcvd.core.jobs import JobKind
from dcvd.services.connections import reauth
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store import connections
from dcvd.store.engine.database import Snapshot, Transaction

_BATCH_SIZE: Final = 200


async def enqueue_refreshes(context: Context) -> int:
    """A job for each connection whose refresh is due; returns how many. Without a configured key there are none."""
    if not context.vault.is_configured:
        return 0

    def unit(tx: Transaction) -> int:
        due = connections.list_due_for_refresh(tx, context.now(), _BATCH_SIZE)
        for connection in due:
            queue.enqueue(
                context,
                tx,
                JobKind.REFRESH_TOKEN,
                org_id=connection.org_id,
                domain_id=None,
                domain_name=None,
                connection_id=connection.id,
            )
        return len(due)

    return await _run_in_batches(context, connections.list_due_for_refresh, unit)


async def require_reauth_of_expired(context: Context) -> int:
    """Connections whose access token has ended and that cannot be refreshed need their owner; returns how many."""

    def unit(tx: Transaction) -> int:
        over = connections.list_expired(tx, context.now(), _BATCH_SIZE)
        for connection in over:
            reauth.record_reauth_required(context, tx, connection, reauth.ACCESS_ENDED, reauth.ACCESS_ENDED_MESSAGE)
        return len(over)

    return await _run_in_batches(context, connections.list_expired, unit)


async def count_connections(context: Context) -> dict[tuple[Provider, ConnectionStatus], int]:
    """How many connections there are, of all organizations."""

    def query(snapshot: Snapshot) -> dict[tuple[Provider, ConnectionStatus], int]:
        return {
            (provider, status): connections.count(snapshot, provider, status)
            for provider in Provider
            for status in ConnectionStatus
        }

    return await context.database.read(query)


async def _run_in_batches(
    context: Context, find: Callable[[Snapshot, int, int], list[Connection]], unit: Callable[[Transaction], int]
) -> int:
    """How much `unit` did, which is mostly nothing: then there is no transaction."""
    total = 0
    while await context.database.read(lambda snapshot: find(snapshot, context.now(), 1)):
        done = await context.database.write(unit)
        total += done
        if done < _BATCH_SIZE:
            break
    return total
