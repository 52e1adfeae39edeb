"""The parts of the daemon whose state `/ready` shows."""

from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.services.context import Context
from dcvd.services.readiness import Readiness, check_store


def build_readiness(context: Context, cloudflare: CloudflareClient, observer: DnsObserver) -> Readiness:
    """Build what `/ready` shows; a later part adds itself with `Readiness.add`.

    Nothing calls Cloudflare for it: what the token may is what the last answer said.
    """

    async def check_token() -> bool:
        return not cloudflare.has_refused_token()

    readiness = Readiness()
    readiness.add("store", lambda: check_store(context))
    readiness.add("cloudflare", check_token)
    readiness.add("resolvers", observer.can_resolve)
    return readiness
