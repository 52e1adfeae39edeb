"""What the tests of providers share."""

from tests.providers.connected import (
    connect_config,
    guarded,
    observer,
    provider,
    provider_certificate,
    signing_key,
    trusting_fetcher,
    zone,
)

__all__ = [
    "connect_config",
    "guarded",
    "observer",
    "provider",
    "provider_certificate",
    "signing_key",
    "trusting_fetcher",
    "zone",
]
