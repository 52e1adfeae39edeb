"""From version 8 to version 9: what was warned of stays warned of."""

import json
import sqlite3
from pathlib import Path

import pytest

from dcvd.store.engine.migrate import load_migrations, migrate

WARNED = 1_900_000_000_000


@pytest.mark.parametrize(
    ("expires_at", "warned_for", "warnings"),
    [
        (WARNED, WARNED, [{"serial": "0A", "expires_at": WARNED, "sent": 2}]),
        (WARNED - 1, WARNED, [{"serial": None, "expires_at": WARNED, "sent": 2}]),
        (WARNED, None, []),
    ],
)
def test_the_warnings_of_a_certificate_are_kept(
    tmp_path: Path, expires_at: int, warned_for: int | None, warnings: list[dict[str, object]]
) -> None:
    connection = sqlite3.connect(tmp_path / "dcvd.db", isolation_level=None)
    migrate(connection, load_migrations()[:8])
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 0)")
    connection.execute(
        "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, certificate_serial, expires_at,"
        " warned_for, warned_level, dns_state, next_sync_at, created_at, updated_at) VALUES ('dom_1', 'org_1',"
        " 'app.customer.test', 'customer.test', 'active', 'edge.test', '0A', ?, ?, 2, 'verified', 0, 0, 0)",
        (expires_at, warned_for),
    )
    migrate(connection)
    ((stored, settles_at),) = connection.execute("SELECT expiry_warnings, dns_settles_at FROM domains").fetchall()
    connection.close()
    assert json.loads(stored) == warnings
    assert settles_at is None
