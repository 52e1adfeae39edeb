"""Records as dnspython has them, told as ours. Pure."""

from typing import Final

from dns.name import Name

from dcvd.core.records.zones import ZoneRecord
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.reply import Data

_NAMES: Final = frozenset({"CNAME", "DNAME", "NS", "PTR"})
"""Types whose data is a host name and nothing else."""
_END_IN_NAMES: Final = frozenset({"MX", "SRV"})


def zone_record(name: Name, data: Data, ttl: int | None) -> ZoneRecord:
    """One record; its value as a person writes it."""
    kind = data.rdtype.name
    return ZoneRecord(type=kind, name=to_text(name), value=_value(kind, data.to_text()), ttl=ttl)


def _value(kind: str, text: str) -> str:
    if kind in _NAMES:
        return text.removesuffix(".").lower() or "."
    if kind in _END_IN_NAMES:
        before, _, name = text.rpartition(" ")
        return f"{before} {name.removesuffix('.').lower() or '.'}"
    return text
