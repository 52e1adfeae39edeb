"""The names of DNS providers in sentences for people."""

from typing import assert_never

from dcvd.core.connections.connection import Provider
from dcvd.core.sentences.sentence import Sentence, say


def name_provider(provider: Provider) -> str | Sentence:
    """Return the name of a provider, in the middle of a sentence; in German that asks for the dative (`bei`, `von`)."""
    match provider:
        case Provider.CLOUDFLARE:
            return "Cloudflare"
        case Provider.GODADDY:
            return "GoDaddy"
        case Provider.ROUTE53:
            return "Amazon Route 53"
        case Provider.OTHER:
            return say("connect_your_provider")
        case _:
            assert_never(provider)
