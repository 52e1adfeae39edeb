"""Asks Cloudflare and DNS whether what is configured works there, and tries the way that webhooks take."""

from dcvd.config import Config
from dcvd.custom_hostnames.opening import open_client
from dcvd.custom_hostnames.zone_check import PartResult, ZonePart
from dcvd.dns import DnsObserver
from dcvd.errors import RemoteError
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.cloudflare.calls import CloudflareDnsApi
from dcvd.services import saas_zone
from dcvd.services.trust_stores import TrustStores
from dcvd.services.webhooks.sending_way import check_way


async def check_online(config: Config, trust_stores: TrustStores) -> list[PartResult]:
    """Check the token, the zone, its plan and quota, the fallback origin, the target and the way. Never raises."""
    async with open_client(config, get_trust=lambda: trust_stores.system) as client:
        results = await saas_zone.check(config, client, DnsObserver(config).zones)
    token = await _check_token_status(config, trust_stores)
    if token is not None and results[0].state == "ok":
        results[0] = token
    way = await check_way(config, trust_stores)
    return [*results, PartResult("webhooks", way.state, way.message)]


async def _check_token_status(config: Config, trust_stores: TrustStores) -> PartResult | None:
    """Ask what Cloudflare says of the token itself; None where it does not say, as of a token that an account owns."""
    fetcher = Fetcher(get_trust=lambda: trust_stores.system)
    await fetcher.start()
    try:
        status = await CloudflareDnsApi(fetcher, config.cloudflare.base_url, config.cloudflare.api_token).verify_token()
    except RemoteError:
        return None
    finally:
        await fetcher.close()
    if status == "active":
        return PartResult(ZonePart.TOKEN, "ok", "The API token is active, and reads the custom hostnames of the zone.")
    message = f"Cloudflare says that the API token is {status or 'of no status'}: make another one."
    return PartResult(ZonePart.TOKEN, "failing", message)
