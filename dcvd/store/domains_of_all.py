"""Lists of the domains of all organizations, in steps: each looks at so many domains, however many there are."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from dcvd.core.domains.domain import Domain
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.store.domain_lists import EXPIRY, TROUBLED, DomainFilter, DomainOrder, expiry_of, is_expiry, write_conditions
from dcvd.store.domains import DOMAINS
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.transactions import Snapshot

_FIRST_EXPIRY: Final = -1


class Step(NamedTuple):
    """The wanted ones of the domains that a step looked at. position: the key of the last of these; None at the end."""

    found: list[Domain]
    position: str | None


class _Walk(NamedTuple):
    """How SQL walks all domains in an order: the rows with their sort keys, what comes after a position, the order."""

    keys: str
    position: str
    terms: str


_WALKS: Final = {
    DomainOrder.NEWEST: _Walk("id, ''", "id < :after", "id DESC"),
    DomainOrder.OLDEST: _Walk("id, ''", "id > :after", "id"),
    DomainOrder.NAME: _Walk("id, name", "(name, id) > (:after_key, :after)", "name, id"),
    DomainOrder.EXPIRY: _Walk(f"id, {EXPIRY}", f"{EXPIRY} > :after_key", f"{EXPIRY}, id"),
}
_BY_ID: Final = (DomainOrder.NEWEST, DomainOrder.OLDEST)


def list_step(
    snapshot: Snapshot, wanted: DomainFilter, order: DomainOrder, *, after: str | None, size: int, limit: int
) -> Step:
    """Look at the next `size` domains after the one with the key `after`, and find the first `limit` wanted ones.

    Raises InvalidInput for a key of another order.
    """
    position = _read_position(order, after)
    source, values = _choose_source(wanted, order)
    walk, values = _WALKS[order], {**values, **position}
    rows: list[Any] = []
    if order is DomainOrder.EXPIRY:
        # Those that expire at the same instant first: SQLite does not compare pairs by an index of an expression.
        rows += snapshot.fetch_all(
            f"SELECT {walk.keys} FROM {source} AND {EXPIRY} = :after_key AND id > :after ORDER BY id LIMIT :size",
            {**values, "size": size},
        )
    if len(rows) < size:
        rows += snapshot.fetch_all(
            f"SELECT {walk.keys} FROM {source} AND {walk.position} ORDER BY {walk.terms} LIMIT :size",
            {**values, "size": size - len(rows)},
        )
    ids = [row[0] for row in rows]
    condition, values = write_conditions(wanted)
    found = DOMAINS.fetch_all(
        snapshot,
        f"WHERE id IN (SELECT value FROM json_each(:few)) AND {condition} ORDER BY {walk.terms} LIMIT :limit",
        {**values, "few": encode_list(ids), "limit": limit},
    )
    return Step(found, _write_key(order, rows[-1]) if len(rows) == size else None)


def key_of(domain: Domain, order: DomainOrder) -> str:
    """Return the key that names a domain's place in an order of all domains."""
    key = {DomainOrder.NAME: domain.name, DomainOrder.EXPIRY: expiry_of(domain)}.get(order, "")
    return _write_key(order, (domain.id, key))


def _choose_source(wanted: DomainFilter, order: DomainOrder) -> tuple[str, dict[str, Any]]:
    """Return the rows that a walk goes through: the fewest that an index has in its order, with what they refer to."""
    if wanted.name is not None:
        return "domains INDEXED BY domains_by_name WHERE name = :name", {"name": wanted.name}
    if order is DomainOrder.NAME:
        return "domains INDEXED BY domains_by_name WHERE TRUE", {}
    if order is DomainOrder.EXPIRY:
        if wanted.expires_before is None:
            return "domains INDEXED BY domains_by_expiry WHERE TRUE", {}
        condition = f"domains INDEXED BY domains_by_expiry WHERE {EXPIRY} < :expires_before"
        return condition, {"expires_before": wanted.expires_before}
    if wanted.labels:
        key, value = wanted.labels[0]
        source = (
            "(SELECT domain_id AS id, key AS label_key, value AS label_value FROM domain_labels)"
            " WHERE label_key = :label_key AND label_value = :label_value"
        )
        return source, {"label_key": key, "label_value": value}
    if wanted.is_ready is False or wanted.stuck_since is not None:
        return "domains INDEXED BY domains_not_ready WHERE ready_since IS NULL", {}
    if wanted.may_have_findings:
        return f"domains INDEXED BY domains_troubled WHERE {TROUBLED}", {}
    return "domains WHERE TRUE", {}


def _write_key(order: DomainOrder, row: Sequence[Any]) -> str:
    domain_id, key = row
    return f"all {order.value} {key} {domain_id}"


def _read_position(order: DomainOrder, after: str | None) -> dict[str, Any]:
    """Return the values that stand for a key in SQL; before the first where there is none."""
    if after is None:
        match order:
            case DomainOrder.NEWEST:
                return {"after": HIGHEST_KEY}
            case DomainOrder.OLDEST:
                return {"after": ""}
            case DomainOrder.NAME:
                return {"after_key": "", "after": ""}
            case DomainOrder.EXPIRY:
                return {"after_key": _FIRST_EXPIRY, "after": ""}
    match after.split(" "):
        case ["all", name, key, domain_id] if name == order.value:
            if order in _BY_ID:
                return {"after": domain_id}
            if order is DomainOrder.NAME:
                return {"after_key": key, "after": domain_id}
            if is_expiry(key):
                return {"after_key": int(key), "after": domain_id}
    raise InvalidInput("cursor", word("cursor_of_other_order"))
