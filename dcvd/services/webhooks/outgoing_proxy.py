"""The proxy of webhooks, as configured."""

from collections.abc import Callable

from dcvd.config import Config
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.tls.trust import TrustStore, load_system_trust


def build_proxy(config: Config, get_trust: Callable[[], TrustStore] = load_system_trust) -> HttpProxy | None:
    """Build the proxy through which webhooks go; None where they go directly.

    get_trust: returns the authorities that may certify the proxy itself.
    """
    if not config.webhooks.proxy:
        return None
    return HttpProxy(config.webhooks.proxy, config.webhooks.proxy_credentials, get_trust)
