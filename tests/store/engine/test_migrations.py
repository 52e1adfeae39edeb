"""Migrations: forward only, atomic, and from every earlier version."""

import re
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import astuple, replace

from dcvd.core.audit import FIRST_HASH, AuditEntry, compute_hash
from dcvd.core.connections.connection import Provider
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.errors import StoreError
from dcvd.services import audit
from dcvd.store import domains, timeline
from dcvd.store.engine.database import Database
from dcvd.store.engine.migrate import Migration, load_migrations, migrate, split_statements
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import due_jobs
from dcvd.store.jobs.due_jobs import BusySubjects


def _schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"
    ).fetchall()


def _open(path: Path | str = ":memory:") -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


@pytest.mark.parametrize("version", range(len(load_migrations()) + 1))
@pytest.mark.sampled(14)
def test_every_earlier_version_comes_to_the_same_schema(version: int, schema: sqlite3.Connection) -> None:
    connection = _open()
    migrate(connection, load_migrations()[:version])
    assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    assert migrate(connection) == len(load_migrations())
    assert _schema(connection) == _schema(schema)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_what_version_two_held_waits_in_its_lane_and_keeps_its_jobs() -> None:
    connection = _open()
    migrate(connection, load_migrations()[:2])
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
    for status in DomainStatus:
        connection.execute(
            "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, dns_state, next_sync_at,"
            " created_at, updated_at) VALUES (?1, 'org_1', ?1, ?1, ?1, 'edge.net', 'verified', 1, 1, 1)",
            (status,),
        )
    connection.execute(
        "INSERT INTO jobs (id, org_id, kind, state, next_attempt_at, created_at, updated_at)"
        " VALUES ('job_1', 'org_1', 'register', 'pending', 5, 1, 1)"
    )
    assert migrate(connection) == len(load_migrations())
    snapshot = Snapshot(connection)
    waiting = {domain_id: kind for kind in CheckLane for domain_id in domains.list_due_ids(snapshot, kind, 1, 10)}
    assert waiting == {
        "pending_cname": CheckLane.WAITING,
        "issuing": CheckLane.WAITING,
        "active": CheckLane.ROUTINE,
        "error": CheckLane.ROUTINE,
    }
    found = domains.get(snapshot, "active")
    assert found is not None
    assert (found.validation, found.wildcard, found.remedies_applied, found.incomplete_checks) == ("http", False, 0, 0)
    due_job = due_jobs.find_next(snapshot, "register", BusySubjects())
    assert due_job is not None
    assert due_job.id == "job_1"
    connection.close()


def test_the_chains_of_version_twenty_six_are_sound_and_go_on() -> None:
    connection = _open()
    migrate(connection, load_migrations()[:26])
    ends = {"": (0, FIRST_HASH), "org_1": (0, FIRST_HASH)}
    for number, org_id in enumerate(["org_1", "", "org_1"]):
        sequence, previous_hash = ends[org_id]
        entry = AuditEntry(
            id=f"aud_{number}",
            org_id=org_id,
            sequence=sequence + 1,
            occurred_at=number,
            actor="daemon",
            action="domain.added",
            object_id=None,
            address=None,
            request_id=None,
            before=None,
            after="{}",
            hash=b"",
        )
        entry = replace(entry, hash=compute_hash(previous_hash, entry))
        ends[org_id] = (entry.sequence, entry.hash)
        connection.execute(f"INSERT INTO audit_entries VALUES ({', '.join('?' * 12)})", astuple(entry))
    for org_id, (sequence, last_hash) in ends.items():
        connection.execute("INSERT INTO audit_chains VALUES (?, 1, ?, ?, ?)", (org_id, FIRST_HASH, sequence, last_hash))
    migrate(connection)
    results = {chain.org_id: (count, fault) for chain, count, fault in audit.verify_chains(Snapshot(connection))}
    assert results == {"": (1, None), "org_1": (2, None)}
    connection.execute(
        "INSERT INTO audit_entries (id, org_id, sequence, occurred_at, actor, action, hash)"
        " VALUES ('aud_3', 'org_1', 3, 1, 'daemon', 'domain.added', x'00')"
    )
    assert connection.execute("SELECT last_sequence FROM audit_chains WHERE org_id = 'org_1'").fetchone() == (3,)
    connection.close()


def test_the_timeline_of_version_twenty_eight_is_kept_in_its_order() -> None:
    connection = _open()
    migrate(connection, load_migrations()[:28])
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
    kept = [("dom_1", 2, 0, "tl_c"), ("dom_2", 1, 1, "tl_a"), ("dom_1", 1, 2, "tl_b")]
    for domain_id, at, kind, entry_id in kept:
        connection.execute(
            "INSERT INTO timeline (id, org_id, domain_id, kind, actor, data, at)"
            " VALUES (?, 'org_1', ?, ?, 'a', '{}', ?)",
            (entry_id, domain_id, kind, at),
        )
    migrate(connection)
    transaction = Transaction(connection)
    entries = timeline.list_of_domain(transaction, "dom_1", (0, 0, ""), newest_first=False, limit=9)
    assert [entry.id for entry in entries] == ["tl_b", "tl_c"]
    assert timeline.delete_old(transaction, 2, 9) == 2
    assert connection.execute("SELECT id FROM timeline").fetchall() == [("tl_c",)]
    connection.close()


def test_deliveries_of_before_there_were_cancelled_ones_stay_and_one_can_be_cancelled() -> None:
    connection = _open()
    connection.execute("PRAGMA foreign_keys = ON")
    (version,) = (step.version for step in load_migrations() if step.name.endswith("cancelled_deliveries.sql"))
    migrate(connection, load_migrations()[: version - 1])
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
    connection.execute(
        "INSERT INTO webhook_endpoints (id, org_id, url, events, created_at, updated_at)"
        " VALUES ('wh_1', 'org_1', 'https://x/', '[]', 1, 1)"
    )
    connection.execute(
        "INSERT INTO events (id, org_id, sequence, type, body, created_at) VALUES ('evt_1', 'org_1', 1, 't', x'00', 1)"
    )
    connection.execute(
        "INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, sequence, state, created_at,"
        " updated_at) VALUES ('dlv_1', 'org_1', 'wh_1', 'evt_1', 't', 1, 'dropped', 1, 1)"
    )
    connection.execute(
        "INSERT INTO attempts (delivery_id, number, started_at, total_ms, outcome, response)"
        " VALUES ('dlv_1', 1, 1, 1, 'timeout', x'00')"
    )
    migrate(connection)
    assert connection.execute("UPDATE deliveries SET state = 'cancelled' WHERE state = 'dropped'").rowcount == 1
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        connection.execute("UPDATE deliveries SET state = 'lost'")
    assert connection.execute("SELECT count(*) FROM attempts JOIN deliveries d ON d.id = delivery_id").fetchone() == (
        1,
    )
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA writable_schema").fetchone() == (0,)
    connection.close()


def test_a_migration_that_fails_leaves_nothing_of_itself(schema: sqlite3.Connection) -> None:
    before = _schema(schema)
    broken = Migration(len(load_migrations()) + 1, "broken.sql", "CREATE TABLE a (x);\nCREATE TABLE a (x);")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(schema, [*load_migrations(), broken])
    assert _schema(schema) == before
    assert schema.execute("PRAGMA user_version").fetchone() == (len(load_migrations()),)


def test_a_database_of_a_newer_dcvd_is_left_alone(schema: sqlite3.Connection) -> None:
    schema.execute("PRAGMA user_version = 4711")
    with pytest.raises(StoreError, match="newer dcvd"):
        migrate(schema)


async def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = _open(path)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        await Database.open(path)
    other = _open(path)
    assert _schema(other) == [("theirs", "CREATE TABLE theirs (x)")]
    other.close()


def test_a_semicolon_in_a_trigger_or_a_text_does_not_end_a_statement() -> None:
    script = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\n  SELECT ';';\nEND;\nSELECT 2;"
    assert len(split_statements(script)) == 2


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        # Beside them stood `secret` and `enabled`, which became sealed secrets and a health.
        ("webhook_endpoints", {"id", "org_id", "url", "events", "created_at"}),
        (
            "oauth_connections",
            {
                "id", "org_id", "provider", "encrypted_access_token", "encrypted_refresh_token", "expires_at",
                "created_at", "updated_at",
            },
        ),
    ],
)  # fmt: skip
def test_the_predecessors_tables_keep_their_columns(table: str, columns: set[str], schema: sqlite3.Connection) -> None:
    found = {row[1] for row in schema.execute(f"PRAGMA table_info({table})")}
    assert columns <= found


def test_each_table_that_lists_the_providers_takes_every_one_of_them(schema: sqlite3.Connection) -> None:
    tables = dict(schema.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE '%provider%'"))
    lists = {table: re.findall(r"provider IN \(([^)]*)\)", sql) for table, sql in tables.items()}
    assert {table for table, found in lists.items() if found} == {"oauth_connections", "pending_revocations"}
    for table, found in lists.items():
        for values in found:
            assert {value.strip(" '") for value in values.split(",")} == {each.value for each in Provider}, table


def test_removing_an_organization_removes_everything_of_it(schema: sqlite3.Connection) -> None:
    owned = [
        row[0] for row in schema.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%org_id%'")
    ]
    # The daemon's own chain of the audit, and what the operator is told, are of no organization; the rows of
    # organizations are deleted step by step.
    for table in set(owned) - {"audit_entries", "audit_chains", "alert_groups", "alert_schedules"}:
        keys = {(row[3], row[2], row[6]) for row in schema.execute(f"PRAGMA foreign_key_list({table})")}
        assert ("org_id", "organizations", "CASCADE") in keys, table
