"""Zones and records at a customer's DNS provider."""

from typing import Literal

from msgspec import Struct


class Zone(Struct, frozen=True, kw_only=True):
    """A zone that a connection can change; `id` is the provider's, `name` is lower case without the final dot.

    flattens_apex: whether the provider accepts a CNAME at the apex and answers with the addresses that it leads to.
    """

    id: str
    name: str
    flattens_apex: bool = False


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


class DnsWrite(Struct, frozen=True, kw_only=True):
    """What a `write_dns` job does with the records of a domain.

    `write` creates the records; with `replace` it removes other records in their way. `undo` restores the earlier
    records. `remove` removes the records that we wrote, and only those; the domain may be removed by then.
    """

    action: Literal["write", "undo", "remove"]
    replace: bool = False
