"""Find the name servers that the public DNS has for a zone."""

from collections.abc import Collection
from typing import Final

from dcvd.core.dns.facts import DnsCheckRequest
from dcvd.dns import DnsObserver

_UNUSED_TARGET: Final = "nowhere.invalid"
"""A DNS check compares the hostname with a target; here that comparison does not matter."""


class PublicNameServers:
    """Looks up name servers with the DNS check that domains get, and so within its limits and from its cache."""

    def __init__(self, observer: DnsObserver) -> None:
        self._observer = observer

    async def list_of_zone(self, name: str) -> Collection[str]:
        """List the name servers of a zone; empty if there is no such zone, or its name servers are unknown."""
        observation = await self._observer.observe(DnsCheckRequest(hostname=name, target=_UNUSED_TARGET))
        return observation.facts.nameservers if observation.facts.zone == name else ()
