"""Where a hostname stands in the tree: its zone, the zone's name servers, whether its domain exists, its DS."""

from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.dns.authority.delegation import Delegation, registration
from dcvd.dns.messages.reply import Reply
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.lookup import Lookup
from dcvd.dns.queries.sources import Sources

_MOST_LABELS_UP: Final = 5


class Place:
    """Of one look; can be read at any time.

    zone is at first what the walk and the answer told of it by the way.
    """

    def __init__(self, name: Name, registrable: Name, delegation: Delegation | None, truth: Reply) -> None:
        self._name = name
        self._registrable = registrable
        self._truth = truth
        self.zone = truth.zone if delegation is None or truth.zone is not None else delegation.zone
        self.nameservers: tuple[Name, ...] = ()
        if delegation is not None and delegation.zone == self.zone:
            self.nameservers = delegation.nameservers
        self.registered = None if delegation is None else delegation.registered
        self.has_ds: bool | None = None

    @property
    def is_apex(self) -> bool:
        return self.zone == self._name

    @property
    def is_delegated(self) -> bool:
        """Whether the zone is a part that was delegated away from the registrable name's."""
        return self.zone is not None and self.zone != self._registrable and self.zone.is_subdomain(self._registrable)

    async def find(self, lookup: Lookup, sources: Sources, budget: Budget) -> None:
        """All of it. `sources` without the zone's own servers: they do not know what their parent has."""
        if self._truth.rdatas and self.zone != self._name:
            self.zone = await self._zone_above(lookup, sources, budget) or self.zone
        if self.registered is None:
            self.registered = True if self._truth.exists else await self._is_registered(lookup, sources, budget)
        if self.zone is None or self.registered is False:
            return
        if not self.nameservers:
            reply = await lookup.one(self.zone, RdataType.NS, sources, budget)
            self.nameservers = tuple(rdata.target for rdata in reply.rdatas)
        self.has_ds = await self._has_ds(self.zone, lookup, sources, budget)

    async def _zone_above(self, lookup: Lookup, sources: Sources, budget: Budget) -> Name | None:
        """The zone of the name's parent, by its SOA: at the name itself the CNAME would answer."""
        name = self._name.parent()
        for _ in range(_MOST_LABELS_UP):
            if not name.is_subdomain(self._registrable):
                return None
            reply = await lookup.one(name, RdataType.SOA, sources, budget)
            if reply.zone is not None and not reply.aliases:
                return reply.zone
            name = name.parent()
        return None

    async def _is_registered(self, lookup: Lookup, sources: Sources, budget: Budget) -> bool | None:
        return registration(self._registrable, await lookup.one(self._registrable, RdataType.NS, sources, budget))

    async def _has_ds(self, zone: Name, lookup: Lookup, sources: Sources, budget: Budget) -> bool | None:
        reply = await lookup.one(zone, RdataType.DS, sources, budget)
        if reply.answered and not reply.rdatas and reply.zone == zone:
            # The zone's own servers, which do not have it; the parent's are found by the resolvers.
            reply = await lookup.one(zone, RdataType.DS, sources.without_stubs(), budget)
        if reply.rdatas:
            return True
        return False if reply.answered and reply.zone != zone else None
