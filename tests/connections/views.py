"""How connections stand in the database."""

from dcvd.core.connections import Connection
from dcvd.core.credentials import OauthTokens
from dcvd.services import connections
from dcvd.services.context import Context


async def stored(context: Context, connection: Connection) -> Connection:
    """As it is now."""
    found, _ = await connections.get(context, connection.org_id, connection.id)
    return found


async def tokens(context: Context, connection: Connection) -> OauthTokens:
    """What it authenticates with now."""
    opened = await context.database.read(
        lambda snapshot: connections.opened(context, snapshot, connection.org_id, connection.id)
    )
    assert isinstance(opened.credentials, OauthTokens)
    return opened.credentials
