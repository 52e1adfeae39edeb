"""Whom to ask about a name: the servers of its zone where they are known, else the resolvers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import dns.name
from dns.name import Name

from dcvd.config import Dns, SocketAddress


class Source(NamedTuple):
    """Servers, any of which will do. zone: whose own servers they are; None for the resolvers."""

    zone: Name | None
    servers: tuple[SocketAddress, ...]


class Sources:
    """The resolvers and `dns.stub_zones`, and for one look also what `with_zone` added."""

    def __init__(self, resolvers: Source, stubs: Mapping[Name, Source], own: Mapping[Name, Source]) -> None:
        self.resolvers = resolvers
        self._stubs = stubs
        self._own = own

    @classmethod
    def of(cls, config: Dns) -> "Sources":
        stubs = {
            dns.name.from_text(zone): Source(dns.name.from_text(zone), servers)
            for zone, servers in config.stub_zones.items()
        }
        return cls(Source(None, config.resolvers), stubs, {})

    def with_zone(self, zone: Name, servers: Sequence[SocketAddress]) -> "Sources":
        """The same, and a zone whose own servers have been found."""
        return Sources(self.resolvers, self._stubs, {**self._own, zone: Source(zone, tuple(servers))})

    def without_stubs(self) -> "Sources":
        """The resolvers alone."""
        return Sources(self.resolvers, {}, {})

    def stub(self, name: Name) -> Source | None:
        """The closest stub zone that holds the name."""
        return _closest(self._stubs, name)

    def of_name(self, name: Name) -> Source:
        return _closest({**self._stubs, **self._own}, name) or self.resolvers


def _closest(sources: Mapping[Name, Source], name: Name) -> Source | None:
    if not sources:
        return None
    while name != dns.name.root:
        if name in sources:
            return sources[name]
        name = name.parent()
    return None
