"""From version 19 to version 20: what served is proved, what waited is not, and all of a domain is kept."""

import sqlite3
from pathlib import Path
from typing import Final

import pytest

from dcvd.core.domains.domain import Proof
from dcvd.store import domains
from dcvd.store.engine.migrate import load_migrations, migrate
from dcvd.store.engine.transactions import Snapshot

OWN: Final = "abcdefghij234567.edge.test"


@pytest.mark.parametrize(
    ("target", "status", "dns_state", "cf_status", "proof"),
    [
        ("edge.test", "active", "verified", "active", Proof.SHARED_CNAME),
        (OWN, "active", "failed", "active", Proof.OWN_TARGET),
        (OWN, "issuing", "verified", "pending", Proof.OWN_TARGET),
        ("edge.test", "error", "unverifiable", "active_redeploying", Proof.SHARED_CNAME),
        (OWN, "error", "failed", "moved", None),
        ("edge.test", "pending_cname", "unknown", None, None),
    ],
)
@pytest.mark.sampled(3)
def test_a_domain_is_proved_as_it_served(
    tmp_path: Path, target: str, status: str, dns_state: str, cf_status: str | None, proof: Proof | None
) -> None:
    connection = sqlite3.connect(tmp_path / "dcvd.db", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, load_migrations()[:19])
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 0)")
    connection.execute(
        "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, cf_id, cf_status, dns_state,"
        " next_sync_at, created_at, updated_at, lane) VALUES ('dom_1', 'org_1', 'app.customer.test', 'customer.test',"
        " ?, ?, 'cf-1', ?, ?, 7, 1, 5, 1)",
        (status, target, cf_status, dns_state),
    )
    migrate(connection)
    domain = domains.get(Snapshot(connection), "dom_1")
    assert domain is not None
    assert (domain.proof, domain.proved_at) == (proof, None if proof is None else 5)
    assert (domain.has_own_target, domain.is_contested, domain.dormant_since) == (target == OWN, False, None)
    assert (domain.cname_target, domain.cf_id, domain.status, domain.next_check_at) == (target, "cf-1", status, 7)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_target_that_two_domains_have_is_nobodys_own(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "dcvd.db", isolation_level=None)
    migrate(connection, load_migrations()[:19])
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 0)")
    for name in ("a.test", "b.test"):
        connection.execute(
            "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, dns_state, next_sync_at,"
            " created_at, updated_at) VALUES (?1, 'org_1', ?1, ?1, 'active', ?2, 'verified', 0, 0, 0)",
            (name, OWN),
        )
    migrate(connection)
    assert connection.execute("SELECT own_target, proof FROM domains").fetchall() == [(0, "shared_cname")] * 2
    connection.close()
