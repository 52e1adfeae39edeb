"""What the tests of providers share."""

from tests.providers.connected import (
    connect_config,
    trusting_fetcher,
    guarded,
    observer,
    provider,
    provider_certificate,
    signing_key,
    zone,
)

__all__ = [
    "connect_config",
    "trusting_fetcher",
    "guarded",
    "observer",
    "provider",
    "provider_certificate",
    "signing_key",
    "zone",
]
