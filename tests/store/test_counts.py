"""The counts that triggers keep are those of the rows, whatever becomes of the rows."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

import pytest

from dcvd.store.checks.rules import RULES
from dcvd.store.engine.migrate import load_migrations, migrate
from tests.store.engine import filled_schema

_RULES: Final = [rule for rule in RULES if rule.name.endswith("s_counted") and rule.name not in
                 ("claims_counted", "answers_counted")]  # fmt: skip
_ROWS: Final = 6


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A database with two endpoints and some events."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        opened.execute("PRAGMA foreign_keys = ON")
        migrate(opened)
        opened.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
        for number in range(_ROWS):
            opened.execute(
                "INSERT INTO events (id, org_id, sequence, type, body, created_at)"
                " VALUES (?1, 'org_1', ?2, 'webhook.test', x'00', 1)",
                (f"evt_{number}", number + 1),
            )
        yield opened


def find_faults(connection: sqlite3.Connection) -> list[str]:
    return [f"{rule.name}: {row[0]}" for rule in _RULES for row in connection.execute(rule.sql).fetchall()]


def _add_domain(choose: random.Random) -> str:
    status = choose.choice(["issuing", "active", "error"])
    waits_for, broken = choose.choice(["NULL", "'nobody'", "'customer'"]), choose.choice(["NULL", "1"])
    expires_at = choose.choice(["NULL", "5", "3600000", "9000000"])
    return (
        "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, dns_state, next_sync_at, created_at,"
        " updated_at, waits_for, broken_since, expires_at) VALUES"
        f" ('{choose.random()}', 'org_1', '{choose.random()}.test', 'test', '{status}', 'edge.test', 'unknown', 1, 1,"
        f" 1, {waits_for}, {broken}, {expires_at})"
    )


def _add_endpoint(choose: random.Random) -> str:
    return (
        "INSERT INTO webhook_endpoints (id, org_id, url, events, health, created_at, updated_at) VALUES"
        f" ('{choose.random()}', 'org_1', 'https://a.test', '[]', '{_health(choose)}', 1, 1)"
    )


def _add_delivery(choose: random.Random) -> str:
    state = choose.choice(["'pending', 5", "'pending', NULL", "'dead', NULL", "'dropped', NULL"])
    return (
        "INSERT OR IGNORE INTO deliveries (id, org_id, endpoint_id, event_id, event_type, sequence, state,"
        f" next_attempt_at, created_at, updated_at) SELECT '{choose.random()}', 'org_1', w.id, e.id, 'webhook.test', 1,"
        f" {state}, 1, 1 FROM webhook_endpoints w JOIN events e ON e.id = 'evt_{choose.randrange(_ROWS)}'"
        f" LIMIT 1 OFFSET {choose.randrange(3)}"
    )


def _add_job(choose: random.Random) -> str:
    return (
        "INSERT INTO jobs (id, org_id, kind, state, next_attempt_at, created_at, updated_at) VALUES"
        f" ('{choose.random()}', 'org_1', '{choose.choice(['register', 'replay'])}', 'pending', 1, 1, 1)"
    )


def _add_connection(choose: random.Random) -> str:
    return (
        "INSERT INTO oauth_connections (id, org_id, provider, method, status, encrypted_access_token, created_at,"
        f" updated_at) VALUES ('{choose.random()}', 'org_1', '{choose.choice(['cloudflare', 'godaddy'])}', 'x',"
        " 'active', x'00', 1, 1)"
    )


def _health(choose: random.Random) -> str:
    return choose.choice(["healthy", "failing", "disabled"])


def _some(choose: random.Random) -> str:
    return f"WHERE rowid % 3 = {choose.randrange(3)}"


_CHANGES: Final[tuple[Callable[[random.Random], str], ...]] = (
    *(_add_domain, _add_endpoint, _add_delivery, _add_job, _add_connection) * 3,
    lambda choose: f"UPDATE domains SET status = '{choose.choice(['issuing', 'active', 'error'])}' {_some(choose)}",
    lambda choose: f"UPDATE domains SET waits_for = {choose.choice(['NULL', repr('nobody')])} {_some(choose)}",
    lambda choose: f"UPDATE domains SET broken_since = 7, expires_at = 7200000 {_some(choose)}",
    lambda choose: f"UPDATE domains SET broken_since = NULL, expires_at = NULL {_some(choose)}",
    lambda choose: f"UPDATE domains SET expires_at = expires_at + {choose.choice([1, 3600000])} {_some(choose)}",
    lambda choose: f"DELETE FROM domains {_some(choose)}",
    lambda choose: f"UPDATE deliveries SET state = 'delivered', next_attempt_at = NULL {_some(choose)}",
    lambda choose: f"UPDATE deliveries SET state = 'dead', next_attempt_at = NULL {_some(choose)}",
    lambda choose: f"UPDATE deliveries SET state = 'pending', next_attempt_at = 7 {_some(choose)}",
    lambda choose: f"UPDATE deliveries SET state = 'pending', next_attempt_at = NULL {_some(choose)}",
    lambda choose: f"DELETE FROM deliveries {_some(choose)}",
    lambda choose: f"UPDATE jobs SET state = 'dead', next_attempt_at = NULL {_some(choose)}",
    lambda choose: f"UPDATE jobs SET state = 'done', next_attempt_at = NULL {_some(choose)}",
    lambda choose: f"UPDATE jobs SET state = 'pending', next_attempt_at = 7 {_some(choose)}",
    lambda choose: f"DELETE FROM jobs {_some(choose)}",
    lambda choose: f"UPDATE webhook_endpoints SET health = '{_health(choose)}' {_some(choose)}",
    lambda choose: f"DELETE FROM webhook_endpoints {_some(choose)}",
    lambda choose: f"UPDATE oauth_connections SET status = 'reauth_required' {_some(choose)}",
    lambda choose: f"DELETE FROM oauth_connections {_some(choose)}",
    lambda choose: f"DELETE FROM events {_some(choose)}",
)


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_those_of_the_rows_after_any_change(connection: sqlite3.Connection, seed: int) -> None:
    choose = random.Random(seed)
    statements: list[str] = []
    for _ in range(80):
        statements.append(choose.choice(_CHANGES)(choose))
        connection.execute(statements[-1])
        assert find_faults(connection) == [], statements


def test_what_goes_with_its_organization_is_counted_no_more(connection: sqlite3.Connection) -> None:
    choose = random.Random(1)
    for add in (_add_domain, _add_endpoint, _add_delivery, _add_job, _add_connection):
        for _ in range(3):
            connection.execute(add(choose))
    connection.execute("DELETE FROM organizations")
    assert find_faults(connection) == []
    for table, column in (("domain_counts", "domains"), ("job_counts", "jobs"), ("endpoint_counts", "endpoints")):
        assert connection.execute(f"SELECT sum({column}) FROM {table}").fetchone() == (0,)
    for table in ("certificate_counts", "delivery_counts"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_unit_that_is_undone_has_counted_nothing(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    connection.execute(_add_job(random.Random(2)))
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM job_counts").fetchone() == (0,)


def test_the_migration_counts_what_is_there_already() -> None:
    before = next(step.version for step in load_migrations() if step.name.endswith("_counts.sql")) - 1
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        filled_schema.make(opened, before)
        findings = '[{"code":"cname_missing","severity":"error","actor":"customer","message":"m"}]'
        opened.execute("UPDATE domains SET findings = ? WHERE rowid = 1", (findings,))
        migrate(opened)
        assert find_faults(opened) == []
        assert opened.execute("SELECT count(*) FROM domain_counts WHERE domains > 0").fetchone()[0] > 0
        assert opened.execute("SELECT waits_for FROM domains ORDER BY rowid").fetchone() == ("customer",)
