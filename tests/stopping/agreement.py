"""What a start has to find after a stop, whatever went on."""

from dcvd.core.connections.connection import Connection
from dcvd.services.connections.queries import list_page
from dcvd.services.connections.usage import ConnectionUsage
from tests.connections.provider import ProviderServer
from tests.connections.views import tokens
from tests.stopping.life import Life


async def check_tokens(life: Life, provider: ProviderServer) -> list[Connection]:
    """Return the connections that are left: what is stored lives, and what lives is stored.

    Nothing was revoked that is kept, nor left behind alive.
    """
    kept = (await list_page(life.context, ConnectionUsage(), life.org_id, cursor=None, limit=100)).items
    stored = [(await tokens(life.context, each)).refresh_token for each in kept]
    assert {token.reveal() for token in stored if token is not None} == provider.live_refresh_tokens
    return list(kept)
