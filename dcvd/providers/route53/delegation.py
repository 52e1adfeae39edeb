"""Which name servers the public DNS has for a zone."""

from collections.abc import Collection
from typing import Final

from dcvd.core.domains.dns_facts import DnsCheckRequest
from dcvd.dns import DnsObserver

_UNUSED_TARGET: Final = "nowhere.invalid"
"""A look asks where a name points to; here nobody wants to know."""


class PublicNameServers:
    """By the same looks as those at domains, with their limits and their memory."""

    def __init__(self, observer: DnsObserver) -> None:
        self._observer = observer

    async def list_of_zone(self, name: str) -> Collection[str]:
        """None where there is no such zone, or nobody says."""
        seen = await self._observer.observe(DnsCheckRequest(hostname=name, target=_UNUSED_TARGET))
        return seen.facts.nameservers if seen.facts.zone == name else ()
