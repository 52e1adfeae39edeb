"""What is an organization's own: no table of the schema may be forgotten by its export or its deletion."""

import re
import sqlite3

from dcvd.services.context import Context
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.data import OWNED_TABLES, ChildTable, OwnedTable, delete_batch
from tests.owned_rows import fill

OF_NO_ORGANIZATION = {
    "vault_keys", "cloudflare_zones", "write_checks", "organizations", "system_conditions", "refused_questions",
    "epochs", "sign_in_links", "sign_in_choices", "remembered_time", "imported_organizations",
    "domain_counts", "certificate_counts", "delivery_counts", "job_counts", "endpoint_counts", "connection_counts",
}  # fmt: skip
NO_SECRETS = {"audit_entries": {"hash"}, "audit_chains": {"hash_before", "last_hash"}}
"""What only sounds like one: the hashes of a chain tell nothing but that it is whole."""
SECRET = re.compile(r"hash|sealed|encrypted|secret|plain|verifier|password")


def tables_of(schema: sqlite3.Connection) -> set[str]:
    rows = schema.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return {name for (name,) in rows}


def columns_of(schema: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in schema.execute(f"PRAGMA table_info({table})")]


def test_every_table_belongs_to_organizations_and_is_covered_or_belongs_to_none(schema: sqlite3.Connection) -> None:
    covered = [table.name for table in OWNED_TABLES] + [child.name for each in OWNED_TABLES for child in each.children]
    assert len(covered) == len(set(covered))
    assert tables_of(schema) - OF_NO_ORGANIZATION == set(covered), (
        "name the new table in dcvd/store/organizations/data.py, so that organizations are exported and deleted whole"
    )


def test_what_has_an_org_id_is_owned_and_what_has_none_goes_with_its_parent(schema: sqlite3.Connection) -> None:
    for table in OWNED_TABLES:
        assert "org_id" in columns_of(schema, table.name)
        for child in table.children:
            keys = {(row[2], row[3], row[6]) for row in schema.execute(f"PRAGMA foreign_key_list({child.name})")}
            assert (table.name, child.parent, "CASCADE") in keys


def test_no_column_that_sounds_secret_is_exported(schema: sqlite3.Connection) -> None:
    for table in OWNED_TABLES:
        parts: list[OwnedTable | ChildTable] = [table, *table.children]
        for each in parts:
            shown = [name for name in columns_of(schema, each.name) if name not in each.omitted]
            suspicious = {name for name in shown if SECRET.search(name)}
            assert suspicious <= NO_SECRETS.get(each.name, set()), each.name
            assert each.omitted <= set(columns_of(schema, each.name))
            assert each.json <= set(shown)


async def test_a_database_with_rows_of_all_that_organizations_have_is_found_undamaged(
    context: Context, org: str
) -> None:
    """SQLite 3.40 takes rows of a table without rowids for damaged where its key's columns do not come first."""
    await fill(context, org, "acme")
    for table in OWNED_TABLES:
        sql = f"SELECT count(*) FROM {table.name} WHERE org_id = ?"
        assert await context.database.read(lambda s, sql=sql: s.fetch_value(sql, (org,))) > 0, table.name  # type: ignore[misc]
    assert await context.database.read(lambda snapshot: snapshot.fetch_all("PRAGMA quick_check", ())) == [("ok",)]


async def test_a_row_with_many_children_is_deleted_after_them_and_some_at_a_time(context: Context, org: str) -> None:
    (deliveries,) = [table for table in OWNED_TABLES if table.name == "deliveries"]
    await fill(context, org, "acme")

    def attempt(tx: Transaction) -> None:
        sql = (
            "INSERT INTO attempts (delivery_id, number, started_at, total_ms, outcome, headers, response)"
            " SELECT delivery_id, ?, 1, 1, 'failed', '{}', x'' FROM attempts"
            " WHERE delivery_id IN (SELECT id FROM deliveries WHERE org_id = ?) AND number = 1"
        )
        for number in range(2, 120):
            tx.execute(sql, (number, org))

    await context.database.write(attempt)
    deleted = [await context.database.write(lambda tx: delete_batch(tx, deliveries, org, 50)) for _ in range(4)]
    assert deleted == [50, 50, 20, 0]
