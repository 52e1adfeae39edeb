"""The check of a database: silent where all is well, and each rule tells when it is broken."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dcvd.errors import StoreError
from dcvd.services import restores
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.webhooks import endpoints
from dcvd.store.checks import check_database
from dcvd.store.checks.rules import RULES
from tests.manual_clock import ManualClock
from tests.owned_rows import fill


@pytest.fixture
async def path(context: Context, org: str, rival_org: str, tmp_path: Path, clock: ManualClock) -> Path:
    """A database in which two endpoints have deliveries, some of which wait for others."""
    await fill(context, org, "acme")
    for each in (org, rival_org):
        await endpoints.create(context, each, url="https://hooks.example.com/all", events=["*"])
        clock.advance(1000)
        for name in ("one", "two", "three"):
            domain = await additions.add(context, each, f"{name}.customer.com")
            await removals.remove(context, each, domain.id)
    return tmp_path / "dcvd.db"


def faults(path: Path) -> dict[str, int]:
    return {fault.rule: fault.count for fault in check_database(path, deliveries_since=0).faults}


async def test_what_the_services_made_keeps_every_rule(path: Path) -> None:
    report = check_database(path, deliveries_since=0)
    assert (report.rules, report.faults) == (len(RULES) + 3, [])


async def test_the_first_number_of_an_epoch_may_jump_and_no_other(path: Path, context: Context, org: str) -> None:
    await restores.begin_epoch(context, replaced_epoch=0, backup="b.db")
    assert faults(path) == {}
    await additions.add(context, org, "later.customer.com")
    assert faults(path) == {}
    await context.database.write(lambda tx: tx.execute("UPDATE organizations SET last_sequence = last_sequence + 1"))
    await additions.add(context, org, "latest.customer.com")
    assert faults(path) == {"event_gap": 1, "event_count": 1}


_BREAKING = {
    "event_gap": (
        "DELETE FROM events WHERE sequence = 3",
        "UPDATE events SET sequence = sequence + 100 WHERE sequence >= 4",
    ),
    "event_count": ("UPDATE organizations SET last_sequence = last_sequence + 5",),
    "unknown_epoch": ("UPDATE organizations SET last_sequence = 7000000000",),
    "event_body": ('UPDATE events SET body = CAST(\'{"id":"evt_x","sequence":1}\' AS BLOB) WHERE sequence = 1',),
    "delivery_of_another": (
        "UPDATE deliveries SET event_type = 'domain.error' WHERE rowid = 2",
        "UPDATE deliveries SET domain_id = NULL, next_attempt_at = 1",
        "UPDATE deliveries SET org_id = (SELECT max(id) FROM organizations WHERE id <> org_id) WHERE rowid = 2",
    ),
    "delivery_stuck": ("UPDATE deliveries SET next_attempt_at = NULL",),
    "delivery_overtakes": ("UPDATE deliveries SET next_attempt_at = 1",),
    "delivery_without_attempt": ("UPDATE deliveries SET state = 'delivered', next_attempt_at = NULL",),
    "endpoint_health": ("UPDATE webhook_endpoints SET health = 'disabled'",),
    "hostname_claimed_twice": ("DROP INDEX domains_by_cloudflare_id", "UPDATE domains SET cf_id = 'c'"),
    "name_proved_twice": (
        "DROP INDEX domains_holding_name",
        "UPDATE domains SET proof = 'operator', proved_at = 1",
    ),
    "claims_counted": ("UPDATE domains SET contested = 1 - contested",),
    "answers_counted": ("UPDATE organizations SET remembered_lines = remembered_lines + 1",),
    "domains_counted": (
        "UPDATE domain_counts SET domains = domains + 1",
        "DELETE FROM domain_counts",
        "INSERT INTO domain_counts VALUES ('active', 'nobody', 1, 1)",
    ),
    "certificates_counted": ("INSERT INTO certificate_counts VALUES (1, 1)",),
    "deliveries_counted": (
        "UPDATE delivery_counts SET deliveries = deliveries - 1 WHERE backlog = 'waiting'",
        "DELETE FROM delivery_counts",
        "INSERT INTO delivery_counts VALUES ('wh_gone', 'dead', 1)",
    ),
    "jobs_counted": ("UPDATE job_counts SET jobs = jobs + 1",),
    "endpoints_counted": ("UPDATE endpoint_counts SET endpoints = 7",),
    "connections_counted": ("DELETE FROM connection_counts",),
    "job_of_no_domain": ("UPDATE jobs SET domain_id = 'dom_gone' WHERE kind = 'register' AND state = 'pending'",),
    "session_of_another": (
        "INSERT INTO sessions (id, org_id, token_id, secret_hash, token_hash, created_at, last_used_at, expires_at)"
        " SELECT 'ses_x', (SELECT max(id) FROM organizations WHERE id <> org_id), id, 's', 't', 1, 1, 2"
        " FROM api_tokens LIMIT 1",
        "INSERT INTO sessions (id, org_id, member_id, issuer, secret_hash, created_at, last_used_at, expires_at)"
        " SELECT 'ses_x', (SELECT max(id) FROM organizations WHERE id <> org_id), id, 'i', 's', 1, 1, 2"
        " FROM members LIMIT 1",
    ),
    "foreign_keys": ("UPDATE api_tokens SET org_id = 'org_gone'",),
    "event_without_delivery": ("DELETE FROM deliveries WHERE sequence = 5",),
}


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, number) for rule, ways in _BREAKING.items() for number in range(len(ways))]
)
async def test_each_rule_that_is_broken_is_told(
    rule: str, number: int, path: Path, context: Context, org: str, rival_org: str
) -> None:
    for each in (org, rival_org):  # one name, which two claim
        await additions.add(context, each, "both.customer.com")
    assert faults(path) == {}
    ways = _BREAKING[rule]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in ways if ways[0].startswith("DROP") else ways[number : number + 1]:
            connection.execute(statement)
    assert faults(path).get(rule, 0) > 0


async def test_every_rule_has_a_way_to_break_it() -> None:
    assert {rule.name for rule in RULES} | {"foreign_keys", "event_without_delivery"} == set(_BREAKING)


async def test_a_damaged_file_is_told(path: Path, context: Context, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(damaged)) as copy:
        source.backup(copy)
        (page,) = source.execute("SELECT rootpage FROM sqlite_master WHERE name = 'deliveries_of_org'").fetchone()
    content = bytearray(damaged.read_bytes())
    content[(page - 1) * 4096 : (page - 1) * 4096 + 200] = bytes(200)
    damaged.write_bytes(content)
    assert set(faults(damaged)) == {"integrity"}


async def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(path: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(bytes(100) + b"\xa5" * 5000)
    with pytest.raises(StoreError, match="cannot be opened"):
        check_database(damaged, deliveries_since=0)


async def test_what_retention_may_have_deleted_is_not_missed(path: Path, context: Context) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM deliveries WHERE sequence = 5")
    assert faults(path)["event_without_delivery"] == 2
    report = check_database(path, deliveries_since=context.now())
    assert "event_without_delivery" not in {fault.rule for fault in report.faults}
