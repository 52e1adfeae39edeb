"""A connection whose owner has to connect anew: reported once, by its status and an event."""

from typing import Final

import structlog

from dcvd.core.connections.connection import Connection, ConnectionStatus, to_fault
from dcvd.core.events import EventDraft, EventType
from dcvd.errors import Unauthorized
from dcvd.services.connections import queries
from dcvd.services.connections.queries import CredentialsUnreadable, UnsealedConnection
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Transaction

log = structlog.get_logger(__name__)

REAUTH_REQUIRED: Final = "reauth_required"
ACCESS_ENDED: Final = "access_ended"
ACCESS_ENDED_MESSAGE: Final = "The access token has ended, and the provider gave no refresh token with it."


async def load_working(context: Context, org_id: str, connection_id: str) -> UnsealedConnection:
    """Load a connection that works as far as is known; one whose credentials cannot be opened needs its owner then.

    Raises NotFound, NotConfigured without a configured key, Unauthorized with the code `reauth_required`.
    """
    try:
        unsealed_connection = await queries.load_connection(context, org_id, connection_id)
    except CredentialsUnreadable as error:
        await require_reauth(context, error.connection, error.code, error.message)
        raise reauth_required_error(error.connection) from error
    if unsealed_connection.connection.status is ConnectionStatus.REAUTH_REQUIRED:
        raise reauth_required_error(unsealed_connection.connection)
    return unsealed_connection


async def require_reauth(context: Context, connection: Connection, code: str, message: str) -> None:
    """Store that this version of the credentials is refused, and record an event, unless that is known already."""
    await context.database.write(lambda tx: record_reauth_required(context, tx, connection, code, message))


def record_reauth_required(context: Context, tx: Transaction, connection: Connection, code: str, message: str) -> bool:
    """Like `require_reauth`, but inside a larger unit of work; return whether it was news."""
    fault = to_fault(code, message, context.now())
    if not connections.require_reauth(tx, connection.id, connection.version, fault):
        return False
    data = {
        "connection_id": connection.id,
        "provider": connection.provider.value,
        "account": connection.account,
        "error": {"code": fault.code, "message": fault.message},
    }
    recording.record(context, tx, connection.org_id, [EventDraft(EventType.CONNECTION_REAUTH_REQUIRED, data)])
    log.warning("connection.reauth_required", connection_id=connection.id, org_id=connection.org_id, code=code)
    return True


def reauth_required_error(connection: Connection) -> Unauthorized:
    """The error for everybody who tries to use the connection."""
    return Unauthorized(
        f"The connection {connection.id} to {connection.provider.value} does not work any more: its owner has to "
        "connect anew, and may then remove this one.",
        code=REAUTH_REQUIRED,
    )
