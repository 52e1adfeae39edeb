"""All customers' zones: their records are kept here and served by the sandbox's DNS."""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from dcvd.core.domains.hostnames import registrable_domain
from dcvd.errors import Conflict, InvalidInput, NotFound
from dcvd.sandbox.customers.bodies import TYPES, parse_record_name, read_patch, read_record
from dcvd.sandbox.customers.model import CustomerZone, DnsRecord, ZoneStatus
from dcvd.sandbox.customers.presentation import to_body, to_presentation
from dcvd.sandbox.hostnames.bodies import Body
from dcvd.sandbox.http.envelope import CloudflareErrorResponse

_ADDRESS_TYPES: Final = ("A", "AAAA")
_ROUTING_TYPES: Final = frozenset({"A", "AAAA", "CNAME"})
_MAX_RECORDS: Final = 3500
"""Records that a zone may have, as on Cloudflare's paid plans."""


class PublishedDns(Protocol):
    """The DNS in which zones are served, by names and types as text and values in presentation form."""

    def put(self, name: str, rdtype: str, values: Sequence[str], ttl: int) -> None:
        """Replace the records of that name and type."""
        ...

    def drop(self, name: str, rdtype: str) -> None:
        """Remove them; none is no error."""
        ...

    def resolve_addresses(self, name: str, rdtype: str) -> list[str]:
        """What a resolver finds there, at the end of every chain."""
        ...


class CustomerZones:
    """By id, in the order of their creation."""

    def __init__(self, dns: PublishedDns, now: Callable[[], int]) -> None:
        self._dns = dns
        self._now = now
        self._zones: dict[str, CustomerZone] = {}

    def all(self) -> list[CustomerZone]:
        return list(self._zones.values())

    def get(self, zone_id: str) -> CustomerZone | None:
        return self._zones.get(zone_id)

    def get_by_name(self, name: str) -> CustomerZone:
        """Raises NotFound."""
        wanted = name.lower().removesuffix(".")
        for zone in self._zones.values():
            if zone.name == wanted:
                return zone
        raise NotFound(f"There is no customer's zone {name}; POST /sandbox/zones creates one.")

    def find_cname_target(self, name: str) -> str | None:
        """Where the CNAME of this name leads, which Cloudflare knows of its own zones even where DNS hides it."""
        for zone in self._zones.values():
            if zone.status == "active" and zone.contains(name):
                for record in zone.records_at(name):
                    if record.type == "CNAME":
                        return record.content
        return None

    def create(self, name: str, account: str, status: ZoneStatus) -> CustomerZone:
        """An empty zone. Raises InvalidInput, and Conflict where it is there."""
        wanted = name.lower().removesuffix(".")
        try:
            parse_record_name(wanted, wanted)
        except CloudflareErrorResponse as error:
            raise InvalidInput("name", f"name {name!r} is not the name of a zone.") from error
        if wanted.startswith("*") or not wanted.endswith(registrable_domain(wanted)):
            raise InvalidInput("name", f"name {name!r} is not the name of a zone.")
        if any(zone.name == wanted for zone in self._zones.values()):
            raise Conflict(f"The zone {wanted} is there; DELETE /sandbox/zones/{wanted} removes it.")
        zone = CustomerZone(
            id=uuid.uuid4().hex,
            name=wanted,
            status=status,
            account_id=hashlib.sha256(account.encode()).hexdigest()[:32],
            account=account,
            created_at=self._now(),
        )
        self._zones[zone.id] = zone
        return zone

    def remove(self, name: str) -> None:
        """With all its records. Raises NotFound."""
        zone = self.get_by_name(name)
        names = {record.name for record in zone.records.values()}
        zone.records.clear()
        for owner in names:
            self._publish(zone, owner)
        del self._zones[zone.id]

    def add_record(self, zone: CustomerZone, body: Body) -> DnsRecord:
        """A new record, served at once. Raises Refused 1004, 81045, 81053, 81054, 81056, 81057 or 81058."""
        now = self._now()
        record = read_record(body, zone.name, record_id=uuid.uuid4().hex, created_at=now, now=now)
        if len(zone.records) >= _MAX_RECORDS:
            raise CloudflareErrorResponse(81045)
        _refuse_conflicts(record, zone.records_at(record.name))
        return self._store_record(zone, record)

    def overwrite_record(self, zone: CustomerZone, current: DnsRecord, body: Body) -> DnsRecord:
        """The record overwritten. Raises Refused as `add`."""
        record = read_record(body, zone.name, record_id=current.id, created_at=current.created_at, now=self._now())
        return self._replace_record(zone, current, record)

    def edit_record(self, zone: CustomerZone, current: DnsRecord, body: Body) -> DnsRecord:
        """The record with what the body names. Raises Refused as `add`."""
        return self._replace_record(zone, current, read_patch(body, current, zone.name, self._now()))

    def delete_record(self, zone: CustomerZone, record: DnsRecord) -> None:
        del zone.records[record.id]
        self._publish(zone, record.name)

    def mirror_dns_change(self, name: str, kind: str, values: Sequence[str], ttl: int) -> None:
        """Somebody set, or with no values removed, records in DNS itself: the zone has them as if by its dashboard.

        Contradictory ones too; records of types that the zones do not keep are in DNS alone.
        """
        zone = max((zone for zone in self._zones.values() if zone.contains(name)), key=_label_count, default=None)
        if zone is None or zone.status != "active":
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
                continue  # what DNS can carry and Cloudflare does not keep stays in DNS alone
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
        if zone.status != "active":
            return
        found = to_presentation(zone.records_at(name))
        if name == zone.name and "CNAME" in found:
            (target,), ttl = found.pop("CNAME")
            found |= {
                kind: (flat, ttl) for kind in _ADDRESS_TYPES if (flat := self._dns.resolve_addresses(target, kind))
            }
        for kind in TYPES:
            if kind in found:
                values, ttl = found[kind]
                self._dns.put(name, kind, values, ttl)
            else:
                self._dns.drop(name, kind)


def _refuse_conflicts(record: DnsRecord, others: Sequence[DnsRecord]) -> None:
    """Cloudflare's rules for one name: a CNAME has no address and no other CNAME beside it, an NS nothing at all."""
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


def _label_count(zone: CustomerZone) -> int:
    return zone.name.count(".")
