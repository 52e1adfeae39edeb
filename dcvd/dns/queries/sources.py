"""Choose whom to ask about a name: the servers of its zone where they are known, else the resolvers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import dns.name
from dns.name import Name

from dcvd.config import DnsConfig, SocketAddress
from dcvd.dns.messages.names import NameKey, to_key


class AnswerSource(NamedTuple):
    """Servers that are equally good to ask. zone: the zone whose own servers they are; None for the resolvers."""

    zone: Name | None
    servers: tuple[SocketAddress, ...]

    @property
    def key(self) -> tuple[NameKey, tuple[SocketAddress, ...]]:
        """The same for two sources exactly where they are."""
        return () if self.zone is None else to_key(self.zone), self.servers


class AnswerSources:
    """The resolvers, the servers of `dns.stub_zones`, and the zones that one check added by `with_zone`."""

    def __init__(
        self,
        resolvers: AnswerSource,
        stubs: Mapping[NameKey, AnswerSource],
        known_zones: Mapping[NameKey, AnswerSource],
    ) -> None:
        self.resolvers = resolvers
        self._stubs = stubs
        self._zones = {**stubs, **known_zones}

    @classmethod
    def from_config(cls, config: DnsConfig) -> "AnswerSources":
        """Create the sources that are configured: the resolvers and the stub zones."""
        stubs = {
            to_key(zone): AnswerSource(zone, servers)
            for zone, servers in ((dns.name.from_text(text), servers) for text, servers in config.stub_zones.items())
        }
        return cls(AnswerSource(None, config.resolvers), stubs, {})

    def with_zone(self, zone: Name, servers: Sequence[SocketAddress]) -> "AnswerSources":
        """Return these sources, and with them a zone whose own servers have been found."""
        known_zones = {**self._zones, to_key(zone): AnswerSource(zone, tuple(servers))}
        return AnswerSources(self.resolvers, self._stubs, known_zones)

    def without_stubs(self) -> "AnswerSources":
        """Return the resolvers alone."""
        return AnswerSources(self.resolvers, {}, {})

    def find_stub(self, name: Name) -> AnswerSource | None:
        """Find the closest stub zone that holds the name."""
        return _find_closest(self._stubs, name)

    def find_for_name(self, name: Name) -> AnswerSource:
        """Find the source of the closest known zone that holds the name; else return the resolvers."""
        return _find_closest(self._zones, name) or self.resolvers


def _find_closest(sources: Mapping[NameKey, AnswerSource], name: Name) -> AnswerSource | None:
    key = to_key(name) if sources else ()
    while len(key) > 1:
        if key in sources:
            return sources[key]
        key = key[1:]
    return None
