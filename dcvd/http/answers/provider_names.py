"""The names of DNS providers in sentences for people."""

from typing import assert_never

from dcvd.core.connections.connection import Provider


def name_provider(provider: Provider) -> str:
    """Return the name of a provider, in the middle of a sentence."""
    match provider:
        case Provider.CLOUDFLARE:
            return "Cloudflare"
        case Provider.GODADDY:
            return "GoDaddy"
        case Provider.ROUTE53:
            return "Amazon Route 53"
        case Provider.OTHER:
            return "your DNS provider"
        case _:
            assert_never(provider)
