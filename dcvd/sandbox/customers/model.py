"""A customer's zone and its DNS records as Cloudflare keeps them. Instants are milliseconds."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from dcvd.core.instants import to_rfc3339

ZoneStatus = Literal["initializing", "pending", "active", "moved"]
"""Only an active zone is served in DNS: for the others the registrar does not name Cloudflare's servers."""
ZoneType = Literal["full", "partial", "secondary"]
"""Only the records of a full zone appear in DNS; those of the others are served, or changed, elsewhere."""

NAME_SERVERS: Final = ("ada.ns.sandbox.test", "bob.ns.sandbox.test")
AUTOMATIC_TTL: Final = 1
"""The `ttl` that leaves the choice to Cloudflare."""

PROXIABLE_TYPES: Final = frozenset({"A", "AAAA", "CNAME"})


class DnsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A DNS record; `name`, and host names in `content`, are absolute and lower case, without the final dot."""

    id: str
    type: str
    name: str
    content: str
    ttl: int = AUTOMATIC_TTL
    proxied: bool = False
    comment: str | None = None
    tags: tuple[str, ...] = ()
    priority: int | None = None
    data: Mapping[str, object] | None = None
    settings: Mapping[str, object] = {}
    created_at: int
    modified_at: int

    def to_json(self) -> dict[str, object]:
        """Return the record as Cloudflare shows it."""
        view: dict[str, object] = {
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "content": self.content,
            "proxiable": self.type in PROXIABLE_TYPES,
            "proxied": self.proxied,
            "ttl": self.ttl,
            "settings": self.settings,
            "meta": {},
            "tags": self.tags,
            "created_on": to_rfc3339(self.created_at),
            "modified_on": to_rfc3339(self.modified_at),
        }
        if self.comment is not None:
            view["comment"] = self.comment
        if self.priority is not None:
            view["priority"] = self.priority
        if self.data is not None:
            view["data"] = self.data
        return view


class CustomerZone(msgspec.Struct, kw_only=True):
    """A zone in a customer's account; `records` are kept by id, in the order of their creation."""

    id: str
    name: str
    status: ZoneStatus
    type: ZoneType = "full"
    account_id: str
    account: str
    created_at: int
    records: dict[str, DnsRecord] = {}

    @property
    def is_in_dns(self) -> bool:
        """Whether its records appear in DNS."""
        return self.status == "active" and self.type == "full"

    def records_at(self, name: str) -> list[DnsRecord]:
        """Return the records at exactly this name."""
        return [record for record in self.records.values() if record.name == name]

    def to_json(self) -> dict[str, object]:
        """Return the zone as Cloudflare shows it."""
        created = to_rfc3339(self.created_at)
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "paused": False,
            "type": self.type,
            "development_mode": 0,
            "name_servers": NAME_SERVERS,
            "original_name_servers": None,
            "original_registrar": None,
            "original_dnshost": None,
            "created_on": created,
            "modified_on": created,
            "activated_on": created if self.status == "active" else None,
            "meta": {"step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": False},
            "owner": {"id": self.account_id, "type": "user", "name": self.account},
            "account": {"id": self.account_id, "name": self.account},
            "permissions": ["#zone:read", "#dns_records:read", "#dns_records:edit"],
            "plan": {"id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": "Free Website"},
        }
