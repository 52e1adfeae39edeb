"""Convert dnspython's records to ours. Pure."""

from typing import Final

from dns.name import Name

from dcvd.core.records.zones import ZoneRecord
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.reply import Rdata

_NAME_ONLY_TYPES: Final = frozenset({"CNAME", "DNAME", "NS", "PTR"})
"""Types whose data is a host name and nothing else."""
_NAME_LAST_TYPES: Final = frozenset({"MX", "SRV"})


def to_zone_record(name: Name, rdata: Rdata, ttl: int | None) -> ZoneRecord:
    """Return one record, with its value as a person writes it."""
    type_name = rdata.rdtype.name
    return ZoneRecord(type=type_name, name=to_text(name), value=_format_value(type_name, rdata.to_text()), ttl=ttl)


def _format_value(rdtype: str, text: str) -> str:
    if rdtype in _NAME_ONLY_TYPES:
        return text.removesuffix(".").lower() or "."
    if rdtype in _NAME_LAST_TYPES:
        fields, _, name = text.rpartition(" ")
        return f"{fields} {name.removesuffix('.').lower() or '.'}"
    return text
