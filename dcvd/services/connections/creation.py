"""Store a connection whose credentials the provider has accepted."""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from dcvd.core.audit import AuditAction
from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import Credentials, OauthTokens, method_of
from dcvd.core.ids import IdPrefix
from dcvd.core.organizations.quotas import Quota
from dcvd.core.text import make_printable
from dcvd.errors import OutcomeUnknown, StoreError
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.links import connecting
from dcvd.services.organizations import quotas
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Transaction

_MAX_ACCOUNT_CHARS: Final = 200

log = structlog.get_logger(__name__)


async def create(
    context: Context,
    org_id: str,
    provider: Provider,
    credentials: Credentials,
    *,
    account: str | None,
    scopes: Sequence[str],
    expires_at: int | None,
    refresh_at: int | None,
    actor: str,
    link_id: str | None = None,
    connection_id: str | None = None,
    in_transaction: Callable[[Transaction], None] | None = None,
) -> Connection:
    """Store a connection whose credentials the provider has accepted.

    refresh_at: is ignored without a refresh token.
    actor: who made the connection, as a timeline names them. link_id: the link by which a customer made it.
    connection_id: the new connection's id, for who has to ask `is_stored` about it; else one is made.
    in_transaction: stores what belongs to the connection, in the same transaction; what it raises comes out here.

    Raises NotConfigured without a configured key, QuotaReached where the organization has too many; StoreError,
    with the code `outcome_unknown` where nobody can tell whether it is stored.
    """
    vault = context.connection_vault
    now = context.now()
    is_renewable = isinstance(credentials, OauthTokens) and credentials.refresh_token is not None
    connection = Connection(
        id=connection_id or context.new_id(IdPrefix.CONNECTION),
        org_id=org_id,
        provider=provider,
        method=method_of(credentials),
        account=make_printable(account or "")[:_MAX_ACCOUNT_CHARS] or None,
        scopes=tuple(scopes),
        expires_at=expires_at,
        refresh_at=refresh_at if is_renewable else None,
        link_id=link_id,
        created_at=now,
        updated_at=now,
    )

    def unit(tx: Transaction) -> None:
        quotas.require_room(context, tx, org_id, Quota.CONNECTIONS)
        connecting.require_room(tx, org_id, link_id)
        if in_transaction is not None:
            in_transaction(tx)
        connections.insert(tx, vault, connection, credentials)
        after = {"provider": provider.value, "method": connection.method, "account": connection.account}
        audit.record(context, tx, org_id, AuditAction.CONNECTION_CREATED, connection.id, after=after, actor=actor)
        context.remember_result(tx, lambda: connection)

    try:
        await context.database.write(unit)
    except StoreError:
        if not await is_stored(context, connection.id):
            raise
    log.info(
        "connection.created",
        connection_id=connection.id,
        org_id=org_id,
        provider=provider,
        method=connection.method,
        actor=actor,
    )
    return connection


async def is_stored(context: Context, connection_id: str) -> bool:
    """Find out what became of storing or removing a connection whose commit seemed to fail, or whose caller has left.

    Raises OutcomeUnknown where the database does not answer.
    """

    def query(tx: Transaction) -> bool:
        return connections.get(tx, connection_id) is not None

    try:
        # The writer works in order: what it reads now comes after whatever it was given before.
        return await context.database.write(query)
    except StoreError as error:
        raise OutcomeUnknown(
            f"The database failed ({error.message}), and nobody can tell whether the connection {connection_id} is "
            "stored. List the connections before you ask again."
        ) from error
