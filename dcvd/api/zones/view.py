"""Zones as JSON."""

from msgspec import Struct

from dcvd.api.domains.record_view import RecordView, record_view
from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.domains.claims import proof_record
from dcvd.core.zones.zone import Zone, ZoneStatus
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.store.engine.paging import Page


class ZoneView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A zone. `status`: `pending` (its record is looked for), `proved` (the names at and below it are yours to add),
    `held` (you have proved it, but another organization did so before; ask your operator), `expired` (the record was
    missing for so long that it is looked for only when you ask).

    `record`: the TXT record that proves it; it may be removed once the zone is proved.
    """

    id: str
    org_id: str
    name: str
    status: ZoneStatus
    record: RecordView | None
    proved_at: Instant | None
    checked_at: Instant | None
    next_check_at: Instant | None
    created_at: Instant
    updated_at: Instant


class ZoneAnswer(Struct, frozen=True):
    """One zone."""

    zone: ZoneView


class ZoneList(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of zones."""

    zones: list[ZoneView]
    next_cursor: str | None


def zone_list(page: Page[Zone]) -> ZoneList:
    """Show a page of zones."""
    return ZoneList(zones=[zone_view(zone) for zone in page.items], next_cursor=page.next_cursor)


def zone_view(zone: Zone) -> ZoneView:
    """Show one zone."""
    record = proof_record(zone.id, zone.name)
    return build_view(
        ZoneView, zone, record=None if record is None else record_view(record, registrable_domain(zone.name))
    )
