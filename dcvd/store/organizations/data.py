"""All rows that are an organization's own, table by table: how they are listed for an export, and deleted.

A test compares the tables with the schema, so that a new one is covered by both.
"""

from typing import Any, Final

from msgspec import Struct

from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Row, Snapshot, Transaction


class ChildTable(Struct, frozen=True, kw_only=True):
    """A table whose rows belong to a row of another one, by a foreign key that deletes them with it.

    parent: its column with the parent's key. order: the columns by which the rows of one parent are sorted, as an index
    lists them behind it.
    omitted: the columns that no export shows, as they are secret. json: the columns whose text is JSON.
    """

    name: str
    parent: str
    order: str
    omitted: frozenset[str] = frozenset()
    json: frozenset[str] = frozenset()


class OwnedTable(Struct, frozen=True, kw_only=True):
    """A table whose rows have an `org_id`.

    key: the columns that an index lists behind the organization, and that name a row together with it.
    omitted, json: as for `ChildTable`. page_size: how many rows are read at once, with their children.
    """

    name: str
    key: tuple[str, ...] = ("id",)
    omitted: frozenset[str] = frozenset()
    json: frozenset[str] = frozenset()
    children: tuple[ChildTable, ...] = ()
    page_size: int = 200


OWNED_TABLES: Final = (
    OwnedTable(
        name="deliveries",
        children=(ChildTable(name="attempts", parent="delivery_id", order="number", json=frozenset({"headers"})),),
    ),
    OwnedTable(
        name="webhook_endpoints",
        omitted=frozenset({"sealed_headers", "sealed_client_certificate"}),
        json=frozenset({"events", "header_names", "event_match", "retry_schedule"}),
        children=(
            ChildTable(
                name="webhook_secrets", parent="endpoint_id", order="created_at", omitted=frozenset({"plain", "sealed"})
            ),
            ChildTable(name="endpoint_rates", parent="endpoint_id", order="started, delivered, latency"),
            ChildTable(name="event_refusals", parent="endpoint_id", order="event_type", json=frozenset({"answers"})),
        ),
        page_size=1,
    ),
    OwnedTable(name="written_records", key=("rowid",), json=frozenset({"before"})),
    OwnedTable(name="domain_labels", key=("key", "value", "domain_id")),
    OwnedTable(
        name="domains",
        json=frozenset({"labels", "cf_errors", "cf_ssl_errors", "cf_differences", "findings", "expiry_warnings"}),
    ),
    OwnedTable(name="links", omitted=frozenset({"token_hash"})),
    OwnedTable(name="zones"),
    OwnedTable(name="events", key=("sequence",), json=frozenset({"body"})),
    OwnedTable(name="timeline", key=("at", "domain_id", "kind", "id"), json=frozenset({"data"})),
    OwnedTable(name="jobs", json=frozenset({"payload"})),
    OwnedTable(name="pending_revocations", key=("rowid",), omitted=frozenset({"sealed_token"})),
    OwnedTable(
        name="oauth_connections",
        omitted=frozenset({"encrypted_access_token", "encrypted_refresh_token"}),
        json=frozenset({"scopes"}),
    ),
    OwnedTable(
        name="oauth_states",
        key=("expires_at", "state_hash"),
        omitted=frozenset({"state_hash", "sealed_verifier"}),
        json=frozenset({"scopes"}),
    ),
    OwnedTable(name="aws_external_ids", key=("expires_at", "external_id")),
    OwnedTable(name="bulk_lines", key=("key", "line"), json=frozenset({"outcome"})),
    OwnedTable(name="idempotency_answers", omitted=frozenset({"sealed_answer"})),
    OwnedTable(name="sessions", omitted=frozenset({"secret_hash", "token_hash"})),
    OwnedTable(
        name="api_tokens",
        omitted=frozenset({"token_hash", "previous_hash"}),
        json=frozenset({"scopes", "domains", "allowed_networks"}),
    ),
    OwnedTable(name="token_usage", key=("token_id", "day", "operation")),
    OwnedTable(name="brandings", key=("org_id",)),
    OwnedTable(name="logos"),
    OwnedTable(name="audit_entries", key=("sequence",), json=frozenset({"before", "after"})),
    OwnedTable(name="audit_chains", key=("org_id",)),
    OwnedTable(name="alert_messages"),
    OwnedTable(name="alert_groups", key=("kind", "cause"), json=frozenset({"names"})),
    OwnedTable(name="alert_schedules", key=("org_id",), json=frozenset({"told_at"})),
    OwnedTable(
        name="alert_contacts",
        omitted=frozenset({"sealed_key", "confirmation_hash", "unsubscribe_hash"}),
        json=frozenset({"kinds"}),
    ),
    OwnedTable(name="members", omitted=frozenset({"invite_hash"})),
    OwnedTable(name="imported_rows", key=("kind", "source_id")),
    OwnedTable(name="left_hostnames", key=("cf_id",)),
)
"""In the order in which they are deleted."""


class ExportedRow(Struct, frozen=True):
    """A row of a table, by its columns, without those that are secret."""

    table: str
    columns: dict[str, Any]
    json: frozenset[str]


class ExportedPage(Struct, frozen=True):
    """Rows of a table, and those that belong to them. `last_key`: where the next page begins; None behind the last."""

    rows: list[ExportedRow]
    last_key: Row | None


def read_organization(snapshot: Snapshot, org_id: str) -> ExportedRow | None:
    """Read the organization's own row; None where it is gone."""
    rows = _read_rows(snapshot, "organizations", "id = ?", org_id, frozenset(), frozenset({"quotas"}))
    return rows[0] if rows else None


def read_page(snapshot: Snapshot, table: OwnedTable, org_id: str, after: Row | None) -> ExportedPage:
    """Read a page of an organization's rows in a table, beyond a key."""
    names, key = _list_columns(snapshot, table.name, table.omitted), ", ".join(table.key)
    beyond = "" if after is None else f" AND ({key}) > ({', '.join('?' * len(table.key))})"
    found = snapshot.fetch_all(
        f"SELECT {key}, {', '.join(names)} FROM {table.name} WHERE org_id = ?{beyond} ORDER BY {key} LIMIT ?",
        (org_id, *(after or ()), table.page_size),
    )
    rows: list[ExportedRow] = []
    for values in found:
        columns = dict(zip(names, values[len(table.key) :], strict=True))
        rows.append(ExportedRow(table.name, columns, table.json))
        for child in table.children:
            condition = f"{child.parent} = ? ORDER BY {child.order}"
            rows += _read_rows(snapshot, child.name, condition, columns["id"], child.omitted, child.json)
    return ExportedPage(rows, found[-1][: len(table.key)] if len(found) == table.page_size else None)


def delete_batch(tx: Transaction, table: OwnedTable, org_id: str, limit: int) -> int:
    """Delete about `limit` of an organization's rows in a table and of their children; return how many.

    One row may have thousands of children, so these are deleted before it, some at a time.
    """
    key = ", ".join(table.key)
    found = tx.fetch_all(f"SELECT {key} FROM {table.name} WHERE org_id = ? ORDER BY {key} LIMIT ?", (org_id, limit))
    count = 0
    for child in table.children:
        child_key = f"{child.parent}, {child.order}"
        count += tx.execute(
            f"DELETE FROM {child.name} WHERE ({child_key}) IN (SELECT {child_key} FROM {child.name}"
            f" WHERE {child.parent} IN (SELECT value FROM json_each(?)) LIMIT ?)",
            (encode_list([row[0] for row in found]), limit - count),
        )
        if count >= limit:
            return count
    if found:
        last = ", ".join("?" * len(table.key))
        tx.execute(f"DELETE FROM {table.name} WHERE org_id = ? AND ({key}) <= ({last})", (org_id, *found[-1]))
    return count + len(found)


def find_leftover(snapshot: Snapshot, org_id: str) -> OwnedTable | None:
    """Find a table in which an organization still has a row."""
    for table in OWNED_TABLES:
        if snapshot.fetch_value(f"SELECT 1 FROM {table.name} WHERE org_id = ? LIMIT 1", (org_id,)) is not None:
            return table
    return None


def _read_rows(
    snapshot: Snapshot, table: str, condition: str, parameter: str, omitted: frozenset[str], json: frozenset[str]
) -> list[ExportedRow]:
    names = _list_columns(snapshot, table, omitted)
    found = snapshot.fetch_all(f"SELECT {', '.join(names)} FROM {table} WHERE {condition}", (parameter,))
    return [ExportedRow(table, dict(zip(names, values, strict=True)), json) for values in found]


def _list_columns(snapshot: Snapshot, table: str, omitted: frozenset[str]) -> list[str]:
    """List a table's columns but for those that are omitted or generated from others."""
    return [row[1] for row in snapshot.fetch_all(f"PRAGMA table_info({table})") if row[1] not in omitted]
