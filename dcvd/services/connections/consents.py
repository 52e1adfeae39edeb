"""Ask a customer for their consent: the parameters that their provider needs, and the authorization."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from dcvd.core.connections.connection import Provider
from dcvd.dns.checks.zone_reader import ZoneReader
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections.authorizations import AuthorizationRedirect, start_authorization
from dcvd.services.connections.consent_parameters import find_consent_parameters
from dcvd.services.context import Context


async def request_consent(
    context: Context,
    token_client: TokenClient,
    zones: ZoneReader,
    org_id: str,
    token_id: str,
    provider: Provider,
    *,
    domain_name: str | None,
    redirect_uri: str | None,
    return_to: str | None,
    admit: Callable[[str], AbstractContextManager[None]],
) -> AuthorizationRedirect:
    """Begin an authorization, for one name with `domain_name`: then DNS is asked, and `admit` bounds how often.

    Raises what `find_consent_parameters`, `start_authorization` and `admit` raise.
    """
    with nullcontext() if domain_name is None else admit(org_id):
        parameters = await find_consent_parameters(context, zones, provider, domain_name)
    return await start_authorization(
        context,
        token_client,
        org_id,
        token_id,
        provider,
        redirect_uri=redirect_uri,
        return_to=return_to,
        extra_parameters=parameters,
    )
