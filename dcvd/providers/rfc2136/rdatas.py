"""Convert dnspython's records to ours, and back. Pure."""

import json

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rrset import RRset
from msgspec.structs import replace

from dcvd.core.records.zones import ZoneRecord
from dcvd.dns.messages.zone_records import to_zone_record
from dcvd.errors import Permanent


def to_records(rrset: RRset) -> list[ZoneRecord]:
    """Return the records of a set, sorted by value, because servers rotate their answers.

    `raw` is the data in wire format, because only that keeps the spelling of names.
    """
    records = [
        replace(to_zone_record(rrset.name, rdata, rrset.ttl), raw=json.dumps({"rdata": (rdata.to_wire() or b"").hex()}))
        for rdata in rrset
    ]
    return sorted(records, key=lambda record: record.value)


def to_rdata(record: ZoneRecord) -> Rdata:
    """Return the data of a record. Raises Permanent for what DNS cannot carry."""
    try:
        rdtype = dns.rdatatype.from_text(record.type)
        if record.raw is not None:
            wire = bytes.fromhex(json.loads(record.raw)["rdata"])
            return dns.rdata.from_wire(dns.rdataclass.IN, rdtype, wire, 0, len(wire))
        return dns.rdata.from_text(
            dns.rdataclass.IN, rdtype, record.value, origin=dns.name.root, relativize=False, relativize_to=None
        )
    except (dns.exception.DNSException, ValueError, KeyError, TypeError) as error:
        raise Permanent(
            f"The {record.type} record at {record.name} cannot be written as it is.", code="record_unreadable"
        ) from error


def is_exclusive(rdtype: RdataType) -> bool:
    """Whether nothing else may stand beside a record of this type (RFC 1034 §3.6.2)."""
    return rdtype is RdataType.CNAME
