"""Deliveries as their tenants see them: lists with filters, one by id, and those past their retention."""

from collections.abc import Callable, Collection
from typing import Any, Final

from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.webhooks.deliveries import Delivery, DeliveryState, DeliveryStatus, status_of
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot

MAX_EXAMINED: Final = 2_000
"""Rows that one page examines for those that match; a page may be short of its limit, but it comes soon."""

DELIVERIES: Final = StructTable("deliveries", Delivery)


class DeliveryFilters(Struct, frozen=True, kw_only=True):
    """The conditions of a list; None is no condition. Instants in milliseconds, `until` excluded."""

    endpoint_id: str | None = None
    status: DeliveryStatus | None = None
    event_types: Collection[EventType] | None = None
    domain_id: str | None = None
    since: int | None = None
    until: int | None = None


def get(snapshot: Snapshot, org_id: str, delivery_id: str) -> Delivery | None:
    """Get a delivery of an organization by its id."""
    return DELIVERIES.fetch_one(snapshot, "WHERE id = ? AND org_id = ?", (delivery_id, org_id))


def find(snapshot: Snapshot, delivery_id: str) -> Delivery | None:
    """Find a delivery by its id, of whichever organization."""
    return DELIVERIES.fetch_one(snapshot, "WHERE id = ?", (delivery_id,))


def list_matching(
    snapshot: Snapshot,
    org_id: str,
    filters: DeliveryFilters,
    *,
    before: str | None,
    limit: int,
    is_enabled: Callable[[str], bool],
    is_visible: Callable[[Delivery], bool],
    max_examined: int = MAX_EXAMINED,
) -> tuple[list[Delivery], str | None]:
    """List matching deliveries, newest first, up to `limit`; then the id before which to go on, None at the end.

    `is_enabled` says of an endpoint's id whether the endpoint is enabled, for `filters.status`. `is_visible` says
    whether the caller may know of a delivery.
    """
    conditions: list[str]
    values: list[Any]
    if filters.domain_id is not None:
        conditions, values = ["domain_id = ?"], [filters.domain_id]
    elif filters.endpoint_id is not None:
        conditions, values = ["endpoint_id = ?"], [filters.endpoint_id]
        if filters.status is DeliveryStatus.DEAD:
            conditions.append("state = 'dead'")
    elif filters.status is DeliveryStatus.DEAD:
        conditions, values = ["org_id = ?", "state = 'dead'"], [org_id]
    else:
        conditions, values = ["org_id = ?"], [org_id]
    first_id = "" if filters.since is None else earliest_id(IdPrefix.DELIVERY, filters.since)
    end_id = HIGHEST_KEY if filters.until is None else earliest_id(IdPrefix.DELIVERY, filters.until)
    rows = snapshot.fetch_all(
        f"{DELIVERIES.select_sql} WHERE {' AND '.join(conditions)} AND id < ? AND id >= ? ORDER BY id DESC LIMIT ?",
        (*values, min(before or HIGHEST_KEY, end_id), first_id, max_examined),
    )
    matches: list[Delivery] = []
    for delivery in map(DELIVERIES.from_row, rows):  # one by one: most pages are full long before the last row
        if not _matches(delivery, org_id, filters, is_enabled) or not is_visible(delivery):
            continue
        if len(matches) == limit:
            return matches, matches[-1].id
        matches.append(delivery)
    if len(rows) < max_examined:
        return matches, None
    # All rows of a domain belong to one organization; not even an id of another organization's is returned.
    last = DELIVERIES.from_row(rows[-1])
    return matches, last.id if last.org_id == org_id else None


def list_endpoints_past_retention(
    snapshot: Snapshot, state: DeliveryState, end_id: str, *, after: str, limit: int
) -> list[str]:
    """List endpoints, ordered by id, that have deliveries in a state with an id below `end_id`."""
    return snapshot.fetch_column(
        "SELECT w.id FROM webhook_endpoints w WHERE w.id > ? AND EXISTS (SELECT 1 FROM deliveries d"
        " WHERE d.endpoint_id = w.id AND d.state = ? AND d.id < ?) ORDER BY w.id LIMIT ?",
        (after, state, end_id, limit),
    )


def list_old_ids(
    snapshot: Snapshot, endpoint_id: str, state: DeliveryState, cutoff_at: int, *, after: str, limit: int
) -> list[str]:
    """List, in order, an endpoint's deliveries in a state that were created and last changed before an instant."""
    return snapshot.fetch_column(
        "SELECT id FROM deliveries WHERE endpoint_id = ? AND state = ? AND id > ? AND id < ? AND updated_at < ?"
        " ORDER BY id LIMIT ?",
        (endpoint_id, state, after, earliest_id(IdPrefix.DELIVERY, cutoff_at), cutoff_at, limit),
    )


def _matches(delivery: Delivery, org_id: str, filters: DeliveryFilters, is_enabled: Callable[[str], bool]) -> bool:
    return (
        delivery.org_id == org_id
        and (filters.endpoint_id is None or delivery.endpoint_id == filters.endpoint_id)
        and (
            filters.status is None
            or status_of(delivery.state, is_enabled=is_enabled(delivery.endpoint_id)) is filters.status
        )
        and (filters.event_types is None or delivery.event_type in filters.event_types)
        and (filters.domain_id is None or delivery.domain_id == filters.domain_id)
    )
