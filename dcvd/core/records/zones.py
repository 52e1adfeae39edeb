"""Records as they stand in a customer's zone at his DNS provider."""

from typing import Literal

from msgspec import Struct


class Zone(Struct, frozen=True, kw_only=True):
    """A zone that a connection holds; `id` is the provider's own, `name` lower case without the final dot.

    flattens_apex: the provider takes a CNAME at the zone's apex, and answers with the addresses that it leads to.
    """

    id: str
    name: str
    flattens_apex: bool = False


class ZoneRecord(Struct, frozen=True, kw_only=True):
    """One record. `name` and host names in `value` are lower case, whole, without the final dot; `ttl` in seconds.

    id: the provider's own, where single records have one. raw: what else has to be told to have it again exactly as it
    was (JSON in the provider's own words), for the undo.
    """

    type: str
    name: str
    value: str
    ttl: int | None = None
    id: str | None = None
    raw: str | None = None


class DnsWrite(Struct, frozen=True, kw_only=True):
    """What a `write_dns` job does with the records that a domain needs.

    write: create them, or with `replace` put them in the place of what is in the way. undo: put back what was there
    before. remove: take out what we wrote, and only that; the domain may be gone by then.
    """

    action: Literal["write", "undo", "remove"]
    replace: bool = False
