"""DNS providers by the names of their name servers: who runs a zone, and where its records are typed there."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from dcvd.core.dns.cloudflare_networks import is_cloudflare_address
from dcvd.core.dns.facts import DnsFacts
from dcvd.core.dns.provider_table import CLOUDFLARE, GODADDY, PROVIDERS, DnsProvider

_MAX_REMEMBERED_NAMES: Final = 2048
"""Most zones are at few providers, and all patterns are tried for a name that is none's."""
_BY_NAME: Final = {provider.name: provider for _, provider in PROVIDERS}
_BY_PATTERN: Final = tuple((re.compile(rf"(?:.+\.)?(?:{pattern})"), provider) for pattern, provider in PROVIDERS)

_SUSPENSION: Final = re.compile(
    r"(?:.+\.)?(?:suspended-domain\.com|failed-whois-verification\.namecheap\.com|verify-contact-details\.namecheap\.com"
    r"|pendingrenewaldeletion\.com|renewyourname\.net|expirationwarning\.net|emailverification\.info"
    r"|expired\.[a-z0-9-]+\.[a-z]+)"
)
"""The name servers that registrars set where a registrant's address is not confirmed, or a domain has expired."""


def find_provider(nameservers: Sequence[str]) -> DnsProvider | None:
    """Return who runs a zone with these name servers; None where that is not known, or several do."""
    found = {_find_by_server(nameserver) for nameserver in nameservers}
    return found.pop() if len(found) == 1 else None


def is_at_cloudflare(nameservers: Sequence[str]) -> bool:
    """Whether Cloudflare runs a zone with these name servers, as far as their names show."""
    return find_provider(nameservers) == CLOUDFLARE


def find_provider_by_name(name: str | None) -> DnsProvider | None:
    """Return the provider of this name; None where there is none."""
    return _BY_NAME.get(name) if name is not None else None


def is_in_cloudflare_zone(facts: DnsFacts) -> bool:
    """Whether all name servers of the zone are Cloudflare's: by their names, or by their addresses where a customer has
    names of its own for them."""
    if is_at_cloudflare(facts.nameservers):
        return True
    answering = [server.address for server in facts.servers if server.outcome == "answered"]
    return bool(answering) and all(is_cloudflare_address(address) for address in answering)


def find_zone_provider(facts: DnsFacts) -> DnsProvider | None:
    """Return who runs the zone that a check saw; None where that is not known."""
    return CLOUDFLARE if is_in_cloudflare_zone(facts) else find_provider(facts.nameservers)


def is_at_godaddy(nameserver: str) -> bool:
    """Whether a name server is one of GoDaddy's, as far as its name shows."""
    return _find_by_server(nameserver) == GODADDY


def is_suspended(nameservers: Sequence[str]) -> bool:
    """Whether a registrar has put its own servers in place of a domain's, until its registrant does something."""
    return bool(nameservers) and all(_SUSPENSION.fullmatch(nameserver) for nameserver in nameservers)


@lru_cache(maxsize=_MAX_REMEMBERED_NAMES)
def _find_by_server(nameserver: str) -> DnsProvider | None:
    name = nameserver.lower().removesuffix(".")
    return next((provider for pattern, provider in _BY_PATTERN if pattern.fullmatch(name)), None)
