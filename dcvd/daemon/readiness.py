"""The parts of the daemon whose state `/ready` shows."""

from dcvd.dns import DnsObserver
from dcvd.services.context import Context
from dcvd.services.readiness import Readiness, check_store


def build_readiness(context: Context, observer: DnsObserver) -> Readiness:
    """Build what `/ready` shows; a later part adds itself with `Readiness.add`.

    Nothing calls Cloudflare for it: what is wrong there is what the last answers said.
    """

    async def check_zone() -> bool:
        return not context.saas_zone.value.faults

    readiness = Readiness()
    readiness.add("store", lambda: check_store(context))
    readiness.add("cloudflare", check_zone)
    readiness.add("resolvers", observer.can_resolve)
    return readiness
