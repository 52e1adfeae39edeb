"""The way to providers for tests that have none."""

from dcvd.dns import DnsObserver
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.fetch import Fetcher
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.drivers import DriverFactory
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context


def access_of(context: Context, fetcher: Fetcher | None = None) -> ProviderAccess:
    """An access whose drivers call nobody, but with a `fetcher` that was started."""
    return ProviderAccess(context, drivers_of(context, fetcher), token_client_of(context, fetcher), Metrics())


def drivers_of(context: Context, fetcher: Fetcher | None = None) -> DriverFactory:
    """Likewise."""
    policy = EgressPolicy(allow_http=True, allow_private=context.config.providers.allow_private)
    return DriverFactory(context.live_config, fetcher or Fetcher(), policy, DnsObserver(context.config))


def token_client_of(context: Context, fetcher: Fetcher | None = None) -> TokenClient:
    """Likewise."""
    return TokenClient(fetcher or Fetcher(), context.live_config)
