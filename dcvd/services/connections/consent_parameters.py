"""The parameters, beyond OAuth's own, that a provider needs in order to ask the customer for their consent."""

from dcvd.core.connections.connection import Provider
from dcvd.core.domains.hostnames import normalise
from dcvd.dns.checks.zone_reader import ZoneReader
from dcvd.errors import InvalidInput, NotFound
from dcvd.services.context import Context


async def find_consent_parameters(
    context: Context, zones: ZoneReader, provider: Provider, domain_name: str | None
) -> dict[str, str]:
    """Find the zone and the host within it, where consent is for one name (Domain Connect's asynchronous flow).

    For other providers there are no parameters. Raises InvalidInput where the name is missing, not wanted or not a
    hostname; NotFound where its domain is not registered; Retryable where DNS gives no answer.
    """
    config = context.config
    is_for_one_name = provider is Provider.OTHER and config.providers_other.write_driver == "domain_connect"
    if domain_name is None:
        if is_for_one_name:
            raise InvalidInput("domainName", "domainName is missing: this provider gives its consent for one hostname.")
        return {}
    if not is_for_one_name:
        raise InvalidInput(
            "domainName", f"domainName is not wanted: {provider.value} gives its consent for an account."
        )
    name = normalise(domain_name, allowed_tlds=config.domains.allow_reserved_tlds)
    zone = await zones.find_apex(name)
    if zone is None:
        raise NotFound(f"The domain of {name} is not registered.", code="zone_not_found")
    host = name.removesuffix(zone).removesuffix(".")
    return {"domain": zone, "host": host} if host else {"domain": zone}
