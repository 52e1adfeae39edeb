"""Keep all customers' zones and their records, and publish them in the sandbox's DNS."""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from dns.name import Name

from dcvd.core.dns.hostnames import is_within, registrable_domain
from dcvd.errors import Conflict, InvalidInput, NotFound
from dcvd.sandbox.customers.bodies import TYPES, parse_record_name, read_patch, read_record
from dcvd.sandbox.customers.model import CustomerZone, DnsRecord, ZoneStatus, ZoneType
from dcvd.sandbox.customers.presentation import to_body, to_presentation
from dcvd.sandbox.hostnames.bodies import Body
from dcvd.sandbox.http.envelope import CloudflareErrorResponse
from dcvd.sandbox.nameserver.records import parse_name, parse_records, parse_type
from dcvd.sandbox.nameserver.zone import ZoneData

_ADDRESS_TYPES: Final = ("A", "AAAA")
_ROUTING_TYPES: Final = frozenset({"A", "AAAA", "CNAME"})
_MAX_RECORDS: Final = 3500
"""The most records of a zone, as on Cloudflare's paid plans."""


class CustomerZones:
    """The zones of all customers, in the order of their creation.

    dns: serves the zones. on_dns_change: called with the names that changed there.
    """

    def __init__(self, dns: ZoneData, on_dns_change: Callable[[frozenset[Name]], None], now: Callable[[], int]) -> None:
        self._dns = dns
        self._on_dns_change = on_dns_change
        self._now = now
        self._zones: dict[str, CustomerZone] = {}

    def all(self) -> list[CustomerZone]:
        return list(self._zones.values())

    def get(self, zone_id: str) -> CustomerZone | None:
        return self._zones.get(zone_id)

    def get_by_name(self, name: str) -> CustomerZone:
        """Return the zone of this name. Raises NotFound."""
        zone_name = name.lower().removesuffix(".")
        for zone in self._zones.values():
            if zone.name == zone_name:
                return zone
        raise NotFound(f"There is no customer's zone {name}; POST /sandbox/zones creates one.")

    def find_cname_target(self, name: str) -> str | None:
        """Return the target of a name's CNAME, which Cloudflare knows for its own zones even if DNS hides it."""
        for zone in self._zones.values():
            if zone.is_in_dns and is_within(name, zone.name):
                for record in zone.records_at(name):
                    if record.type == "CNAME":
                        return record.content
        return None

    def create(self, name: str, account: str, status: ZoneStatus, zone_type: ZoneType = "full") -> CustomerZone:
        """Create an empty zone. Raises InvalidInput, and Conflict if it exists."""
        zone_name = name.lower().removesuffix(".")
        try:
            parse_record_name(zone_name, zone_name)
        except CloudflareErrorResponse as error:
            raise InvalidInput("name", f"name {name!r} is not the name of a zone.") from error
        if zone_name.startswith("*") or not zone_name.endswith(registrable_domain(zone_name)):
            raise InvalidInput("name", f"name {name!r} is not the name of a zone.")
        if any(zone.name == zone_name for zone in self._zones.values()):
            raise Conflict(f"The zone {zone_name} is there; DELETE /sandbox/zones/{zone_name} removes it.")
        zone = CustomerZone(
            id=uuid.uuid4().hex,
            name=zone_name,
            status=status,
            type=zone_type,
            account_id=hashlib.sha256(account.encode()).hexdigest()[:32],
            account=account,
            created_at=self._now(),
        )
        self._zones[zone.id] = zone
        return zone

    def remove(self, name: str) -> None:
        """Remove a zone with all its records. Raises NotFound."""
        zone = self.get_by_name(name)
        names = {record.name for record in zone.records.values()}
        zone.records.clear()
        for owner in names:
            self._publish(zone, owner)
        del self._zones[zone.id]

    def add_record(self, zone: CustomerZone, body: Body) -> DnsRecord:
        """Add a record, and publish it at once.

        Raises CloudflareErrorResponse 1004, 81045, 81053, 81054, 81056, 81057 or 81058.
        """
        now = self._now()
        record = read_record(body, zone.name, record_id=uuid.uuid4().hex, created_at=now, now=now)
        if len(zone.records) >= _MAX_RECORDS:
            raise CloudflareErrorResponse(81045)
        _refuse_conflicts(record, zone.records_at(record.name))
        return self._store_record(zone, record)

    def overwrite_record(self, zone: CustomerZone, current: DnsRecord, body: Body) -> DnsRecord:
        """Replace a record completely. Raises the same errors as `add_record`."""
        record = read_record(body, zone.name, record_id=current.id, created_at=current.created_at, now=self._now())
        return self._replace_record(zone, current, record)

    def edit_record(self, zone: CustomerZone, current: DnsRecord, body: Body) -> DnsRecord:
        """Change the members of a record that the body names. Raises the same errors as `add_record`."""
        return self._replace_record(zone, current, read_patch(body, current, zone.name, self._now()))

    def delete_record(self, zone: CustomerZone, record: DnsRecord) -> None:
        del zone.records[record.id]
        self._publish(zone, record.name)

    def mirror_dns_change(self, name: str, kind: str, values: Sequence[str], ttl: int) -> None:
        """Apply to a zone a change that was made in DNS itself; without values, records were removed.

        Contradictory records are taken over too. Records of types that the zones do not keep stay only in DNS.
        """
        zones = (zone for zone in self._zones.values() if is_within(name, zone.name))
        zone = max(zones, key=lambda zone: zone.name.count("."), default=None)
        if zone is None or not zone.is_in_dns:
            return
        now = self._now()
        for record in zone.records_at(name):
            if record.type == kind:
                del zone.records[record.id]
        for value in values:
            body = to_body(kind, name, value, ttl)
            if body is None:
                continue
            try:
                record = read_record(body, zone.name, record_id=uuid.uuid4().hex, created_at=now, now=now)
            except CloudflareErrorResponse:
                continue  # a record that Cloudflare would refuse stays only in DNS
            zone.records[record.id] = record

    def _replace_record(self, zone: CustomerZone, current: DnsRecord, record: DnsRecord) -> DnsRecord:
        _refuse_conflicts(record, [other for other in zone.records_at(record.name) if other.id != current.id])
        stored = self._store_record(zone, record)
        if current.name != record.name:
            self._publish(zone, current.name)
        return stored

    def _store_record(self, zone: CustomerZone, record: DnsRecord) -> DnsRecord:
        zone.records[record.id] = record
        self._publish(zone, record.name)
        return record

    def _publish(self, zone: CustomerZone, name: str) -> None:
        if not zone.is_in_dns:
            return
        published = to_presentation(zone.records_at(name))
        if name == zone.name and "CNAME" in published:
            (target,), ttl = published.pop("CNAME")
            published |= {
                kind: (addresses, ttl)
                for kind in _ADDRESS_TYPES
                if (addresses := self._resolve_addresses(target, kind))
            }
        owner = parse_name(name)
        for kind in TYPES:
            rdtype = parse_type(kind)
            if kind in published:
                values, ttl = published[kind]
                self._on_dns_change(self._dns.put(owner, parse_records(rdtype, values, ttl)))
            elif (changed_names := self._dns.drop(owner, rdtype)) is not None:
                self._on_dns_change(changed_names)

    def _resolve_addresses(self, name: str, kind: str) -> list[str]:
        """Return the addresses of a name that a resolver finds at the end of its CNAME chain."""
        rdtype = parse_type(kind)
        resolution = self._dns.resolve(parse_name(name), rdtype)
        return [rdata.to_text() for rrset in resolution.answer if rrset.rdtype is rdtype for rdata in rrset]


def _refuse_conflicts(record: DnsRecord, others: Sequence[DnsRecord]) -> None:
    """Apply Cloudflare's rules for one name: no address or second CNAME beside a CNAME, nothing beside NS."""
    for other in others:
        if (other.type, other.content, other.data, other.priority) == (
            record.type,
            record.content,
            record.data,
            record.priority,
        ):
            raise CloudflareErrorResponse(
                81058 if (other.ttl, other.proxied) == (record.ttl, record.proxied) else 81057
            )
    kinds = {other.type for other in others}
    if record.type == "CNAME" and kinds & _ROUTING_TYPES:
        raise CloudflareErrorResponse(81053)
    if record.type in _ADDRESS_TYPES and "CNAME" in kinds:
        raise CloudflareErrorResponse(81054)
    if (record.type == "NS" and kinds - {"NS"}) or (record.type != "NS" and "NS" in kinds):
        raise CloudflareErrorResponse(81056)
