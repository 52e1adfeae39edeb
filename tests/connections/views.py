"""How connections stand in the database, and whether they work."""

from dcvd.core.connections.connection import Connection
from dcvd.core.connections.credentials import OauthTokens
from dcvd.services.connections import queries
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context


async def stored(context: Context, connection: Connection) -> Connection:
    """As it is now."""
    found, _ = await queries.get(context, ConnectionUsage(), connection.org_id, connection.id)
    return found


async def tokens(context: Context, connection: Connection) -> OauthTokens:
    """What it authenticates with now."""
    opened = await queries.load_connection(context, connection.org_id, connection.id)
    assert isinstance(opened.credentials, OauthTokens)
    return opened.credentials


async def use(access: ProviderAccess, connection: Connection) -> str | None:
    """What the provider says of the account, asked with credentials that work."""
    driver = await access.open_driver(connection.org_id, connection.id)
    return await driver.check_credentials()
