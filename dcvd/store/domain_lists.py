"""Lists of an organization's domains: a page in one of some orders."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final, NamedTuple, assert_never

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.reach import DomainReach
from dcvd.errors import InvalidInput
from dcvd.store import domain_labels
from dcvd.store.domains import DOMAINS, find_by_ids
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.transactions import Snapshot

_NEVER: Final = 9_223_372_036_854_775_807
_MAX_DIGITS: Final = len(str(_NEVER))
"""Stands for no expiry; SQLite has no larger number."""
_FEW: Final = 2_000
"""So many domains within a reach are found by its entries and sorted; of more, a list is walked in its own order."""
_WITHIN_REACH: Final = {
    "names": "name IN (SELECT value FROM json_each(:names))",
    "ids": "id IN (SELECT value FROM json_each(:ids))",
    "registrable": "registrable IN (SELECT value FROM json_each(:registrable)) AND name <> registrable",
    "suffixes": "EXISTS (SELECT 1 FROM json_each(:suffixes) WHERE substr(name, -length(value)) = value)",
}
"""What makes a domain one of a reach, by the parameter that has to have entries; see `_group_entries`."""
_BROKEN: Final = "broken_since IS NOT NULL"
_AWAITED: Final = "waits_for IN (SELECT value FROM json_each(:waits_for))"


class DomainOrder(StrEnum):
    """The order of a list."""

    NEWEST = "-createdAt"
    OLDEST = "createdAt"
    NAME = "name"
    EXPIRY = "expiresAt"
    """The earliest expiry first; domains without a certificate come last."""


class DomainFilter(Struct, frozen=True, kw_only=True):
    """Which domains a list shows; None stands for all.

    is_dormant, is_ready: only those that are, or only the others. expires_before: only those whose certificate expires
    before this instant (milliseconds). may_have_findings: leave out those that are sure to have none. stuck_since:
    leave out those that were added after this instant (milliseconds) and are not in error, which are sure not to be
    stuck. waits_for: only those that are not ready, and for which one of these has to act. is_broken: only those that
    were ready and are not. name: only this one. name_part: only names that hold this text. labels: only those that have
    all of them, each a key and its value. reach: only those within it.
    """

    status: DomainStatus | None = None
    is_dormant: bool | None = None
    is_ready: bool | None = None
    connection_id: str | None = None
    expires_before: int | None = None
    may_have_findings: bool = False
    stuck_since: int | None = None
    waits_for: frozenset[Awaited] | None = None
    is_broken: bool = False
    name: str | None = None
    name_part: str | None = None
    external_id: str | None = None
    labels: tuple[domain_labels.Label, ...] = ()
    reach: DomainReach | None = None


class _Order(NamedTuple):
    """How SQL writes an order: what comes after a position, the order itself, what its keys are made of, its index."""

    position: str
    terms: str
    columns: str = "id"
    hint: str = ""


EXPIRY: Final = "ifnull(expires_at, 9223372036854775807)"
_ORDERS: Final = {
    DomainOrder.NEWEST: _Order("id < :after", "id DESC"),
    DomainOrder.OLDEST: _Order("id > :after", "id"),
    DomainOrder.NAME: _Order("name > :after", "name", "id, name", "INDEXED BY domains_of_org_by_name"),
    DomainOrder.EXPIRY: _Order(
        f"({EXPIRY}, id) > (:after_expiry, :after)",
        f"{EXPIRY}, id",
        f"id, {EXPIRY}",
        "INDEXED BY domains_of_org_by_expiry",
    ),
}
TROUBLED: Final = (
    "(status <> 'active' OR findings <> '[]' OR cf_errors <> '[]' OR cf_ssl_errors <> '[]' OR cf_differences <> '[]')"
)
"""As the index of such domains has it."""


def list_page(
    snapshot: Snapshot,
    org_id: str,
    wanted: DomainFilter,
    order: DomainOrder = DomainOrder.NEWEST,
    *,
    after: str | None,
    limit: int,
) -> list[Domain]:
    """List an organization's domains in an order, after the one with the key `after`; see `key_of`.

    Raises InvalidInput for a key of another order.
    """
    position = _read_position(order, after)
    few = find_few(snapshot, org_id, wanted)
    if few is not None:
        rows = sorted(find_by_ids(snapshot, few).values(), key=lambda row: _sort_key(row, order))
        if order is DomainOrder.NEWEST:
            rows.reverse()
        return [row for row in rows if after is None or _is_after(row, order, after)][:limit]
    clauses, values = _write_walk(snapshot, org_id, wanted, order, position, limit)
    return DOMAINS.fetch_all(snapshot, clauses, values)


class DomainKey(NamedTuple):
    """The id of a domain, and the key that names its place in an order; see `key_of`."""

    id: str
    key: str


def list_keys(
    snapshot: Snapshot, org_id: str, wanted: DomainFilter, order: DomainOrder, *, after: str | None, limit: int
) -> list[DomainKey]:
    """List what `list_page` does, without the rows, for a filter without labels and without a reach."""
    assert not wanted.labels, "few have a label, and they are sorted"
    assert wanted.reach is None, "few are within a reach, and they are sorted"
    clauses, values = _write_walk(snapshot, org_id, wanted, order, _read_position(order, after), limit)
    rows = snapshot.fetch_all(f"SELECT {_ORDERS[order].columns} FROM domains {clauses}", values)
    return [DomainKey(row[0], _write_key(order, *row)) for row in rows]


def _write_walk(
    snapshot: Snapshot, org_id: str, wanted: DomainFilter, order: DomainOrder, position: dict[str, Any], limit: int
) -> tuple[str, dict[str, Any]]:
    """Write what follows `FROM domains` where a list is walked in its order, and the values that it refers to."""
    condition, values = write_conditions(wanted, org_id)
    if position:
        condition += f" AND {_ORDERS[order].position}"
    index = _choose_index(snapshot, org_id, wanted, order)
    clauses = f"{index} WHERE {condition} ORDER BY {_ORDERS[order].terms} LIMIT :limit"
    return clauses, {**values, **position, "limit": limit}


def _choose_index(snapshot: Snapshot, org_id: str, wanted: DomainFilter, order: DomainOrder) -> str:
    """Return the hint by which a list is walked in its order, but where an index has the wanted ones alone, or nearly.

    Few broken ones, or few that wait for somebody, are found by their index and sorted.
    """
    if wanted.external_id is not None:
        return "INDEXED BY domains_of_org_by_external_id"
    if wanted.connection_id is not None:
        return "INDEXED BY domains_of_org_by_connection"
    for is_asked, index, condition in (
        (wanted.is_broken, "domains_of_org_broken", _BROKEN),
        (wanted.waits_for is not None, "domains_of_org_awaited", _AWAITED),
    ):
        if is_asked:
            values = {"org_id": org_id, "waits_for": encode_list(wanted.waits_for or ()), "limit": _FEW + 1}
            sql = f"SELECT 1 FROM domains INDEXED BY {index} WHERE org_id = :org_id AND {condition} LIMIT :limit"
            if snapshot.fetch_count(f"SELECT count(*) FROM ({sql})", values) <= _FEW:
                return f"INDEXED BY {index}"
    return "INDEXED BY domains_of_org_not_ready" if wanted.is_ready is False else _ORDERS[order].hint


def key_of(domain: Domain, order: DomainOrder) -> str:
    """Return the key that names a domain's place in an order."""
    match order:
        case DomainOrder.NEWEST | DomainOrder.OLDEST:
            return _write_key(order, domain.id)
        case DomainOrder.NAME:
            return _write_key(order, domain.id, domain.name)
        case DomainOrder.EXPIRY:
            return _write_key(order, domain.id, expiry_of(domain))
        case _:
            assert_never(order)


def _write_key(order: DomainOrder, domain_id: str, sorted_by: object = None) -> str:
    match order:
        case DomainOrder.NEWEST:
            return domain_id
        case DomainOrder.OLDEST:
            return f"{order.value} {domain_id}"
        case DomainOrder.NAME:
            return f"{order.value} {sorted_by}"
        case DomainOrder.EXPIRY:
            return f"{order.value} {sorted_by} {domain_id}"
        case _:
            assert_never(order)


def expiry_of(domain: Domain) -> int:
    """Return the expiry by which a domain is sorted."""
    return _NEVER if domain.expires_at is None else domain.expires_at


def list_latest_broken(snapshot: Snapshot, org_id: str, reach: DomainReach | None, limit: int) -> list[Domain]:
    """List an organization's domains that were ready and are not, those within a reach, the latest first."""
    condition, values = write_conditions(DomainFilter(is_broken=True, reach=reach), org_id)
    return DOMAINS.fetch_all(
        snapshot,
        f"INDEXED BY domains_of_org_broken WHERE {condition} ORDER BY broken_since DESC LIMIT :limit",
        {**values, "limit": limit},
    )


def _sort_key(domain: Domain, order: DomainOrder) -> tuple[int, str]:
    expiry = expiry_of(domain) if order is DomainOrder.EXPIRY else 0
    return expiry, domain.name if order is DomainOrder.NAME else domain.id


def _is_after(domain: Domain, order: DomainOrder, after: str) -> bool:
    position = _read_position(order, after)
    place, key = _sort_key(domain, order), (position.get("after_expiry", 0), position["after"])
    return place < key if order is DomainOrder.NEWEST else place > key


def _read_position(order: DomainOrder, after: str | None) -> dict[str, Any]:
    """Return the values that stand for a key in SQL. Raises InvalidInput for a key of another order."""
    if after is None:
        return {}
    *parts, last = after.split(" ")
    match order, parts:
        case (DomainOrder.NEWEST, []):
            return {"after": last}
        case (DomainOrder.OLDEST | DomainOrder.NAME, [name]) if name == order.value:
            return {"after": last}
        case (DomainOrder.EXPIRY, [name, expiry]) if name == order.value and is_expiry(expiry):
            return {"after_expiry": int(expiry), "after": last}
        case _:
            raise InvalidInput("cursor", word("cursor_of_other_order"))


def is_expiry(text: str) -> bool:
    """Whether the text of a key is an expiry."""
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS and int(text) <= _NEVER


def find_few(snapshot: Snapshot, org_id: str, wanted: DomainFilter) -> set[str] | None:
    """Find the ids of all wanted domains of an organization by the entries of a reach, or by the rarest label.

    None where they are many, and where the filter has neither.
    """
    reach = wanted.reach
    if reach is None:
        return _find_few_with_labels(snapshot, org_id, wanted) if wanted.labels else None
    condition, values = write_conditions(replace(wanted, reach=None), org_id)
    rows = snapshot.fetch_all(
        "SELECT id FROM domains INDEXED BY domains_of_org_by_name"
        f" WHERE {condition} AND name IN (SELECT value FROM json_each(:names))"
        " UNION ALL SELECT id FROM domains INDEXED BY domains_of_org"
        f" WHERE {condition} AND id IN (SELECT value FROM json_each(:ids))"
        " UNION ALL SELECT domains.id FROM json_each(:parents) CROSS JOIN domains"
        " INDEXED BY domains_of_org_by_registrable"
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
    return None if len(rows) > _FEW else {row[0] for row in rows}


def _find_few_with_labels(snapshot: Snapshot, org_id: str, wanted: DomainFilter) -> set[str] | None:
    rare_condition = domain_labels.write_rare_condition(snapshot, org_id, wanted.labels, _FEW)
    if rare_condition is None:
        return None
    condition, values = write_conditions(wanted, org_id)
    rows = snapshot.fetch_all(f"SELECT id FROM domains WHERE {rare_condition} AND {condition}", values)
    return {row[0] for row in rows}


def write_conditions(wanted: DomainFilter, org_id: str | None = None) -> tuple[str, dict[str, Any]]:
    """Write the SQL condition of the wanted domains, of an organization or of all, and the values that it refers to."""
    conditions = ["TRUE" if org_id is None else "org_id = :org_id"]
    values: dict[str, Any] = {} if org_id is None else {"org_id": org_id}
    if wanted.is_broken:
        conditions.append(_BROKEN)
    if wanted.waits_for is not None:
        conditions.append(_AWAITED)
        values["waits_for"] = encode_list(wanted.waits_for)
    for is_set, column in ((wanted.is_dormant, "dormant_since"), (wanted.is_ready, "ready_since")):
        if is_set is not None:
            conditions.append(f"{column} IS {'NOT ' if is_set else ''}NULL")
    for name, value, condition in (
        ("status", wanted.status, "status = :status"),
        ("name", wanted.name, "name = :name"),
        ("stuck_since", wanted.stuck_since, "(status = 'error' OR created_at <= :stuck_since)"),
        ("connection_id", wanted.connection_id, "connection_id = :connection_id"),
        ("external_id", wanted.external_id, "external_id = :external_id"),
        ("expires_before", wanted.expires_before, f"{EXPIRY} < :expires_before"),
        ("name_part", wanted.name_part, "instr(name, :name_part) > 0"),
    ):
        if value is not None:
            conditions.append(condition)
            values[name] = value
    if wanted.labels:
        label_conditions, label_values = domain_labels.write_conditions(wanted.labels)
        conditions += label_conditions
        values |= label_values
    if wanted.may_have_findings:
        conditions.append(TROUBLED)
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
