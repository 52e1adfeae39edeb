"""Convert dnspython's records to ours. Pure."""

from dns.name import Name

from dcvd.core.records.zones import ZoneRecord, normalize_value
from dcvd.dns.messages.message import Rdata
from dcvd.dns.messages.names import to_text


def to_zone_record(name: Name, rdata: Rdata, ttl: int | None) -> ZoneRecord:
    """Return one record, with its value as a person writes it."""
    kind = rdata.rdtype.name
    return ZoneRecord(type=kind, name=to_text(name), value=normalize_value(kind, rdata.to_text()), ttl=ttl)
