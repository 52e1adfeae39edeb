"""Choose whom to ask about a name: the servers of its zone where they are known, else the resolvers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import dns.name
from dns.name import Name

from dcvd.config import DnsConfig, SocketAddress


class AnswerSource(NamedTuple):
    """Servers that are equally good to ask. zone: the zone whose own servers they are; None for the resolvers."""

    zone: Name | None
    servers: tuple[SocketAddress, ...]


class AnswerSources:
    """The resolvers, the servers of `dns.stub_zones`, and the zones that one check added by `with_zone`."""

    def __init__(
        self, resolvers: AnswerSource, stubs: Mapping[Name, AnswerSource], known_zones: Mapping[Name, AnswerSource]
    ) -> None:
        self.resolvers = resolvers
        self._stubs = stubs
        self._known_zones = known_zones

    @classmethod
    def from_config(cls, config: DnsConfig) -> "AnswerSources":
        """Create the sources that are configured: the resolvers and the stub zones."""
        stubs = {
            dns.name.from_text(zone): AnswerSource(dns.name.from_text(zone), servers)
            for zone, servers in config.stub_zones.items()
        }
        return cls(AnswerSource(None, config.resolvers), stubs, {})

    def with_zone(self, zone: Name, servers: Sequence[SocketAddress]) -> "AnswerSources":
        """Return these sources, and with them a zone whose own servers have been found."""
        return AnswerSources(
            self.resolvers, self._stubs, {**self._known_zones, zone: AnswerSource(zone, tuple(servers))}
        )

    def without_stubs(self) -> "AnswerSources":
        """Return the resolvers alone."""
        return AnswerSources(self.resolvers, {}, {})

    def find_stub(self, name: Name) -> AnswerSource | None:
        """Find the closest stub zone that holds the name."""
        return _find_closest(self._stubs, name)

    def find_for_name(self, name: Name) -> AnswerSource:
        """Find the source of the closest known zone that holds the name; else return the resolvers."""
        return _find_closest({**self._stubs, **self._known_zones}, name) or self.resolvers


def _find_closest(sources: Mapping[Name, AnswerSource], name: Name) -> AnswerSource | None:
    if not sources:
        return None
    while name != dns.name.root:
        if name in sources:
            return sources[name]
        name = name.parent()
    return None
