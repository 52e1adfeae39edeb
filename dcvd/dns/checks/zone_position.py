"""Find where a hostname stands in the DNS tree: its zone and name servers, its DS, and whether its domain exists."""

from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType
from msgspec.structs import replace

from dcvd.dns.authority.delegation import ZoneDelegation, is_registered
from dcvd.dns.messages.message import Rdata
from dcvd.dns.messages.names import is_at_or_below, is_same
from dcvd.dns.messages.reply import DnsReply
from dcvd.dns.queries.lookup import RecordLookup

_MAX_LABELS_UP: Final = 5


class ZonePosition:
    """The place of one hostname in the DNS tree, for one check; it can be read at any time.

    zone: until `find` has run, what the delegation and the accepted answer happen to show of it.
    """

    def __init__(
        self, name: Name, registrable_name: Name, delegation: ZoneDelegation | None, accepted_answer: DnsReply
    ) -> None:
        self._name = name
        self._registrable_name = registrable_name
        self._accepted_answer = accepted_answer
        self._delegated_zone = None if delegation is None or not delegation.nameservers else delegation.zone
        self.zone = accepted_answer.zone if delegation is None or accepted_answer.zone is not None else delegation.zone
        self.nameservers: tuple[Name, ...] = ()
        if delegation is not None and self.zone is not None and is_same(delegation.zone, self.zone):
            self.nameservers = delegation.nameservers
        self.is_registered = None if delegation is None else delegation.is_registered
        self.has_ds: bool | None = None
        self.ds_records: tuple[Rdata, ...] = ()

    @property
    def is_apex(self) -> bool:
        return self.zone is not None and is_same(self.zone, self._name)

    @property
    def is_delegated(self) -> bool:
        """Whether the hostname's zone was delegated away from the zone of its registrable name."""
        return (
            self.zone is not None
            and not is_same(self.zone, self._registrable_name)
            and is_at_or_below(self.zone, self._registrable_name)
        )

    async def find(self, lookup: RecordLookup) -> None:
        """Find out everything. `lookup` lacks the zone's own servers, which do not know what their parent holds."""
        if self._accepted_answer.rdatas and self.zone != self._name:
            found = await self._find_zone_above(lookup)
            # A resolver may have kept from before a delegation that there was none.
            if found is not None and (self._delegated_zone is None or found.is_subdomain(self._delegated_zone)):
                self.zone = found
        if self.is_registered is None:
            self.is_registered = True if self._accepted_answer.exists else await self._is_registered(lookup)
        if self.zone is None or self.is_registered is False:
            return
        if not self.nameservers:
            reply = await lookup.ask(self.zone, RdataType.NS)
            self.nameservers = tuple(rdata.target for rdata in reply.rdatas)
        self.has_ds = await self._has_ds(self.zone, lookup)

    async def _find_zone_above(self, lookup: RecordLookup) -> Name | None:
        """Find the zone of the name's parent by its SOA: at the name itself the CNAME would answer."""
        name = self._name.parent()
        for _ in range(_MAX_LABELS_UP):
            if not name.is_subdomain(self._registrable_name):
                return None
            reply = await lookup.ask(name, RdataType.SOA)
            if reply.zone is not None and not reply.aliases:
                return reply.zone
            name = name.parent()
        return None

    async def _is_registered(self, lookup: RecordLookup) -> bool | None:
        return is_registered(self._registrable_name, await lookup.ask(self._registrable_name, RdataType.NS))

    async def _has_ds(self, zone: Name, lookup: RecordLookup) -> bool | None:
        reply = await lookup.ask(zone, RdataType.DS)
        if reply.is_answered and not reply.rdatas and reply.zone == zone:
            # The zone's own servers answered, and they do not hold the DS; resolvers find the parent's, which do.
            reply = await replace(lookup, sources=lookup.sources.without_stubs()).ask(zone, RdataType.DS)
        if reply.rdatas:
            self.ds_records = reply.rdatas
            return True
        return False if reply.is_answered and reply.zone != zone else None
