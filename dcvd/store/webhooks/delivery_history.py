"""Deliveries as their tenants see them: lists with filters, one by id, and those past their retention."""

from collections.abc import Callable, Collection
from typing import Final

from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.operators import is_wanted_organization
from dcvd.core.webhooks.deliveries import Delivery, DeliveryState, DeliveryStatus, status_of
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.paging import HIGHEST_KEY, MAX_EXAMINED
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot

_UNENDED: Final = frozenset({DeliveryStatus.PENDING, DeliveryStatus.HELD})
DELIVERIES: Final = StructTable("deliveries", Delivery)


class DeliveryFilters(Struct, frozen=True, kw_only=True):
    """The conditions of a list; None is no condition. Instants in milliseconds, `until` excluded."""

    endpoint_id: str | None = None
    status: DeliveryStatus | None = None
    event_types: Collection[EventType] | None = None
    domain_id: str | None = None
    since: int | None = None
    until: int | None = None
    request_id: str | None = None


def find(snapshot: Snapshot, delivery_id: str) -> Delivery | None:
    """Find a delivery by its id, of whichever organization."""
    return DELIVERIES.fetch_one(snapshot, "WHERE id = ?", (delivery_id,))


def list_of_event(snapshot: Snapshot, event_id: str) -> list[Delivery]:
    """List the deliveries of an event, one to each endpoint at most."""
    return DELIVERIES.fetch_all(snapshot, "WHERE event_id = ? ORDER BY endpoint_id", (event_id,))


def list_matching(
    snapshot: Snapshot,
    org_id: str | None,
    filters: DeliveryFilters,
    *,
    before: str | None,
    limit: int,
    is_enabled: Callable[[str], bool],
    is_visible: Callable[[Delivery], bool],
    max_examined: int = MAX_EXAMINED,
) -> tuple[list[Delivery], str | None]:
    """List matching deliveries, newest first, up to `limit`; then the id before which to go on, None at the end.

    org_id: None stands for all organizations. `is_enabled` says of an endpoint's id whether the endpoint is enabled,
    for `filters.status`. `is_visible` says whether the caller may know of a delivery.
    """
    first_id = "" if filters.since is None else earliest_id(IdPrefix.DELIVERY, filters.since)
    end_id = HIGHEST_KEY if filters.until is None else earliest_id(IdPrefix.DELIVERY, filters.until)
    end_id = min(before or HIGHEST_KEY, end_id)
    source, values = _choose_source(org_id, filters)
    if org_id is None and filters.status in _UNENDED:
        # Where few have not ended, they may be far behind others; of many, the newest are soon found.
        few = _list_few_unended(snapshot, max_examined - 1)
        if few is not None:
            source, values = "WHERE id IN (SELECT value FROM json_each(?)) AND", [encode_list(few)]
    rows = snapshot.fetch_all(
        f"{DELIVERIES.select_sql} {source} id < ? AND id >= ? ORDER BY id DESC LIMIT ?",
        (*values, end_id, first_id, max_examined),
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
    # All rows are of one organization; not even an id of another organization's is returned.
    last = DELIVERIES.from_row(rows[-1])
    return matches, last.id if org_id in (None, last.org_id) else None


def _choose_source(org_id: str | None, filters: DeliveryFilters) -> tuple[str, list[str]]:
    """Choose the index that has the fewest rows beside the wanted ones: return the clauses up to `AND`, and values."""
    for column in ("request_id", "domain_id"):
        value: str | None = getattr(filters, column)
        if value is not None:
            # The operator's endpoints are sent events of the same request and domain.
            if org_id is None:
                return f"WHERE {column} = ? AND", [value]
            return f"WHERE {column} = ? AND org_id = ? AND", [value, org_id]
    state = f"state = '{filters.status}' AND"
    if filters.endpoint_id is not None:
        is_dead = filters.status is DeliveryStatus.DEAD
        return f"WHERE endpoint_id = ? AND{f' {state}' if is_dead else ''}", [filters.endpoint_id]
    is_indexed = filters.status in (DeliveryStatus.DEAD, DeliveryStatus.CANCELLED)
    if org_id is not None:
        return f"WHERE org_id = ? AND{f' {state}' if is_indexed else ''}", [org_id]
    return (f"INDEXED BY deliveries_{filters.status}_by_id WHERE {state}" if is_indexed else "WHERE"), []


def count_dead_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's dead letters, but no further than `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE org_id = ? AND state = 'dead' LIMIT ?)", (org_id, limit)
    )


def _list_few_unended(snapshot: Snapshot, limit: int) -> list[str] | None:
    """List the deliveries of all organizations that have not ended, in no order; None where they are more."""
    ids = snapshot.fetch_column(
        "SELECT id FROM deliveries INDEXED BY deliveries_due"
        " WHERE next_attempt_at IS NOT NULL AND endpoint_id > '' LIMIT ?1",
        (limit + 1,),
    )
    ids += snapshot.fetch_column(
        "SELECT id FROM deliveries INDEXED BY deliveries_waiting"
        " WHERE state = 'pending' AND next_attempt_at IS NULL AND endpoint_id > '' LIMIT ?1",
        (limit + 1,),
    )
    return ids if len(ids) <= limit else None


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


def _matches(
    delivery: Delivery, org_id: str | None, filters: DeliveryFilters, is_enabled: Callable[[str], bool]
) -> bool:
    return (
        is_wanted_organization(org_id, delivery.org_id)
        and (filters.endpoint_id is None or delivery.endpoint_id == filters.endpoint_id)
        and (
            filters.status is None
            or status_of(delivery.state, is_enabled=is_enabled(delivery.endpoint_id)) is filters.status
        )
        and (filters.event_types is None or delivery.event_type in filters.event_types)
        and (filters.domain_id is None or delivery.domain_id == filters.domain_id)
        and (filters.request_id is None or delivery.request_id == filters.request_id)
    )
