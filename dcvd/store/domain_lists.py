"""Lists of an organization's domains: a page in the order of ids, or of names."""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.domains.hostnames import registrable_domain
from dcvd.core.tokens.reach import DomainReach
from dcvd.store.domains import DOMAINS, find_by_ids
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.transactions import Snapshot

_FEW: Final = 2_000
"""So many domains within a reach are found by its entries and sorted; of more, a list is walked in its own order."""
_WITHIN_REACH: Final = {
    "names": "name IN (SELECT value FROM json_each(:names))",
    "ids": "id IN (SELECT value FROM json_each(:ids))",
    "registrable": "registrable IN (SELECT value FROM json_each(:registrable)) AND name <> registrable",
    "suffixes": "EXISTS (SELECT 1 FROM json_each(:suffixes) WHERE substr(name, -length(value)) = value)",
}
"""What makes a domain one of a reach, by the parameter that has to have entries; see `_group_entries`."""


class DomainFilter(Struct, frozen=True, kw_only=True):
    """Which domains a list shows; None stands for all.

    is_dormant: only those that are dormant, or only the others. reach: only those within it.
    """

    status: DomainStatus | None = None
    is_dormant: bool | None = None
    reach: DomainReach | None = None


def list_page(snapshot: Snapshot, org_id: str, wanted: DomainFilter, *, before: str | None, limit: int) -> list[Domain]:
    """List an organization's domains with an id below `before`, newest first."""
    few = _find_few(snapshot, org_id, wanted)
    if few is not None:
        older = sorted((key.id for key in few if key.id < (before or HIGHEST_KEY)), reverse=True)
        return _read_in_order(snapshot, older[:limit])
    condition, values = _select(org_id, wanted)
    return DOMAINS.fetch_all(
        snapshot,
        f"WHERE {condition} AND id < :before ORDER BY id DESC LIMIT :limit",
        {**values, "before": before or HIGHEST_KEY, "limit": limit},
    )


def search(
    snapshot: Snapshot, org_id: str, prefix: str, wanted: DomainFilter, *, after: str | None, limit: int
) -> list[Domain]:
    """List domains by name, after `after`, whose name or registrable part begins with `prefix`."""
    few = _find_few(snapshot, org_id, wanted)
    if few is not None:
        matching = [
            key
            for key in few
            if key.name > (after or "")
            and (key.name.startswith(prefix) or registrable_domain(key.name).startswith(prefix))
        ]
        return _read_in_order(snapshot, [key.id for key in sorted(matching, key=lambda key: key.name)[:limit]])
    condition, values = _select(org_id, wanted)
    parameters = {**values, "prefix": prefix, "end": prefix + HIGHEST_KEY, "after": after or "", "limit": limit}
    in_registrable = "org_id = :org_id AND registrable >= :prefix AND registrable < :end"
    count = snapshot.fetch_count(
        f"SELECT count(*) FROM (SELECT 1 FROM domains WHERE {in_registrable} LIMIT {_FEW + 1})", parameters
    )
    # With `+`, those in the range are found by its index and sorted; without it, all names are walked in their order.
    name = "+name" if count <= _FEW else "name"
    return DOMAINS.fetch_all(
        snapshot,
        f"WHERE id IN (SELECT id FROM (SELECT id, name FROM domains WHERE {condition} AND name >= :prefix"
        " AND name < :end AND name > :after ORDER BY name LIMIT :limit)"
        f" UNION SELECT id FROM (SELECT id, name FROM domains WHERE {condition} AND registrable >= :prefix"
        f" AND registrable < :end AND {name} > :after ORDER BY {name} LIMIT :limit))"
        " ORDER BY name LIMIT :limit",
        parameters,
    )


class _Key(NamedTuple):
    id: str
    name: str


def _find_few(snapshot: Snapshot, org_id: str, wanted: DomainFilter) -> list[_Key] | None:
    """Find all wanted domains of an organization within a reach by the reach's entries, in no order.

    None where they are many, and where the filter has no reach.
    """
    reach = wanted.reach
    if reach is None:
        return None
    condition, values = _select(org_id, replace(wanted, reach=None))
    rows = snapshot.fetch_all(
        f"SELECT id, name FROM domains WHERE {condition} AND name IN (SELECT value FROM json_each(:names))"
        f" UNION ALL SELECT id, name FROM domains WHERE {condition} AND id IN (SELECT value FROM json_each(:ids))"
        " UNION ALL SELECT domains.id, name FROM json_each(:parents) CROSS JOIN domains"
        f" WHERE {condition} AND registrable = json_each.value"
        " AND substr(name, -length(json_each.key)) = json_each.key LIMIT :limit",
        {
            **values,
            "names": encode_list(reach.names),
            "ids": encode_list(reach.ids),
            "parents": encode_json({f".{parent}": registrable_domain(parent) for parent in reach.parents}),
            "limit": _FEW + 1,
        },
    )
    return None if len(rows) > _FEW else [_Key._make(row) for row in set(rows)]


def _select(org_id: str, wanted: DomainFilter) -> tuple[str, dict[str, Any]]:
    """Write the SQL condition of an organization's wanted domains, and the values that it refers to."""
    conditions = ["org_id = :org_id"]
    values: dict[str, Any] = {"org_id": org_id, "status": wanted.status}
    if wanted.status is not None:
        conditions.append("status = :status")
    if wanted.is_dormant is not None:
        conditions.append(f"dormant_since IS {'NOT ' if wanted.is_dormant else ''}NULL")
    if wanted.reach is not None:
        entries = _group_entries(wanted.reach)
        ways = [way for name, way in _WITHIN_REACH.items() if entries[name]]
        conditions.append(f"({' OR '.join(ways)})")
        values |= {name: encode_list(each) for name, each in entries.items()}
    return " AND ".join(conditions), values


def _group_entries(reach: DomainReach) -> dict[str, Collection[str]]:
    """The parents of a reach are told apart: most are what a customer registered, for which there is an index."""
    registrable = {parent for parent in reach.parents if registrable_domain(parent) == parent}
    return {
        "names": reach.names,
        "ids": reach.ids,
        "registrable": registrable,
        "suffixes": {f".{parent}" for parent in reach.parents - registrable},
    }


def _read_in_order(snapshot: Snapshot, ids: Sequence[str]) -> list[Domain]:
    found = find_by_ids(snapshot, ids)
    return [found[domain_id] for domain_id in ids]
