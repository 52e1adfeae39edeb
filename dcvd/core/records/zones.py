"""Zones and records at a customer's DNS provider."""

from typing import Final, Literal

from msgspec import Struct

from dcvd.core.dns.hostnames import to_a_labels
from dcvd.core.domains.domain import Record

ZoneSetup = Literal["full", "partial", "secondary"]

HOST_TYPES: Final = frozenset({"ALIAS", "CNAME", "DNAME", "MX", "NS", "PTR", "SRV"})
"""Types whose value ends in a host name."""


class Zone(Struct, frozen=True, kw_only=True):
    """A zone that a connection can change; `id` is the provider's, `name` is lower case without the final dot.

    nameservers: those that answer what is written to it, as far as the provider says; empty where it does not say.
    provider: the name of who runs it, as `core.dns.providers` has it; None where that is not known.
    flattens_apex: whether the provider accepts a CNAME at the apex and answers with the addresses that it leads to.
    is_active: whether the provider serves the zone, as it says itself; that may be out of date.
    setup: whether the provider serves all of the zone, only names that are led to it one by one, or a copy of a zone
        that is changed elsewhere (Cloudflare's words).
    """

    id: str
    name: str
    nameservers: tuple[str, ...] = ()
    provider: str | None = None
    flattens_apex: bool = False
    is_active: bool = True
    setup: ZoneSetup = "full"


class ZoneRecord(Struct, frozen=True, kw_only=True):
    """A record in a zone. `name` and host names in `value` are absolute, lower case, without the final dot.

    ttl: seconds. id: the provider's, where single records have one. raw: what else is needed to restore the record
    exactly (JSON in the provider's own terms), for the undo.
    """

    type: str
    name: str
    value: str
    ttl: int | None = None
    id: str | None = None
    raw: str | None = None

    @property
    def record(self) -> Record:
        """The record as DNS has it, apart from its TTL."""
        return Record(self.type, self.name, self.value)


class DnsWrite(Struct, frozen=True, kw_only=True):
    """What a `write_dns` job does with the records of a domain.

    `write` creates the records. `undo` restores the earlier records. `remove` removes the records that we wrote, and
    only those; the domain is removed by then.

    replaceable: the records of others that a `write` may remove: those that its plan showed in the way; None where it
    is not to replace any.
    """

    action: Literal["write", "undo", "remove"]
    replaceable: tuple[Record, ...] | None = None


def normalize_value(kind: str, value: str) -> str:
    """Return the value of a record of type `kind` with its host name in A-labels, without the final dot."""
    if kind not in HOST_TYPES:
        return value
    front, space, host = value.strip().rpartition(" ")
    return f"{front}{space}{to_a_labels(host.rstrip('.')) or '.'}"
