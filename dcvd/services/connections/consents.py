"""Ask a customer for their consent: the parameters that their provider needs, and the authorization."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from dcvd.config import Config
from dcvd.core.connections.connection import Provider
from dcvd.core.dns.hostnames import normalise
from dcvd.core.sentences.wording import word
from dcvd.dns.checks.zone_reader import ZoneReader
from dcvd.errors import InvalidInput, NotFound
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections.authorizations import AuthorizationRedirect, start_authorization
from dcvd.services.context import Context
from dcvd.services.links import connecting


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
    admit: Callable[[str, str | None], AbstractContextManager[None]],
) -> AuthorizationRedirect:
    """Begin an authorization, for one name with `domain_name`: then DNS is asked, and `admit` bounds how often.

    token_id: that of the token or link to which the authorization belongs. A link's own `return_to` holds where none
    is given.

    Raises what `connecting.check_authorization`, `find_consent_parameters`, `start_authorization` and `admit` raise.
    """
    link_return_to = await connecting.check_authorization(context, org_id, domain_name)
    with nullcontext() if domain_name is None else admit(org_id, context.caller.link_id):
        parameters = await find_consent_parameters(context, zones, provider, domain_name)
    return await start_authorization(
        context,
        token_client,
        org_id,
        token_id,
        provider,
        redirect_uri=redirect_uri,
        return_to=return_to,
        link_return_to=link_return_to,
        extra_parameters=parameters,
    )


def gives_consent_for_one_name(config: Config, provider: Provider) -> bool:
    """Whether customers consent there for one hostname (Domain Connect's asynchronous flow), and not for an account."""
    return provider is Provider.OTHER and config.providers_other.write_driver == "domain_connect"


async def find_consent_parameters(
    context: Context, zones: ZoneReader, provider: Provider, domain_name: str | None
) -> dict[str, str]:
    """Find the zone and the host within it, where consent is for one name (Domain Connect's asynchronous flow).

    For other providers there are no parameters. Raises InvalidInput where the name is missing, not wanted or not a
    hostname; NotFound where its domain is not registered; Retryable where DNS gives no answer.
    """
    config = context.config
    is_for_one_name = gives_consent_for_one_name(config, provider)
    if domain_name is None:
        if is_for_one_name:
            raise InvalidInput("domainName", word("consent_name_missing"))
        return {}
    if not is_for_one_name:
        raise InvalidInput("domainName", word("consent_name_unwanted", provider=provider.value))
    name = normalise(domain_name, allowed_tlds=config.domains.allow_reserved_tlds)
    zone = await zones.find_apex(name)
    if zone is None:
        raise NotFound(word("consent_zone_missing", name=name), code="zone_not_found")
    host = name.removesuffix(zone).removesuffix(".")
    return {"domain": zone, "host": host} if host else {"domain": zone}
