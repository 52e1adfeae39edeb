"""From version 13 on: what is remembered of bulk calls is counted, and no attempt names an address of our networks."""

import sqlite3
from pathlib import Path

from dcvd.store.engine.migrate import load_migrations, migrate


def test_what_is_remembered_already_is_counted_and_forgotten_attempts_say_nothing(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "dcvd.db", isolation_level=None)
    migrate(connection, load_migrations()[:13])
    connection.execute(
        "INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 0), ('org_2', 'B', 0)"
    )
    connection.executemany(
        "INSERT INTO bulk_lines (org_id, key, line, fingerprint, outcome, created_at)"
        " VALUES ('org_1', 'key', ?, 'ff', ?, 0)",
        [(0, ""), (1, "[1]")],
    )
    connection.execute("PRAGMA foreign_keys = OFF")
    errors = {
        "dlv_1": ("address_not_allowed", "vm leads to 10.0.0.1 (private), which may not be dialled."),
        "dlv_2": ("name_not_found", "The name vm cannot be resolved: Name or service not known."),
        "dlv_3": ("connection_refused", "vm port 443 cannot be reached: Connection refused."),
    }
    connection.executemany(
        "INSERT INTO attempts (delivery_id, number, started_at, total_ms, outcome, reason, error, headers, response)"
        " VALUES (?, 1, 0, 0, 'refused_by_policy', ?, ?, '{}', x'')",
        [(delivery_id, *error) for delivery_id, error in errors.items()],
    )
    migrate(connection)
    counts = connection.execute("SELECT remembered_lines, remembered_bytes FROM organizations ORDER BY id").fetchall()
    assert counts == [(2, 13), (0, 0)]
    reasons = connection.execute("SELECT reason, error FROM attempts ORDER BY delivery_id").fetchall()
    unknown = ("name_not_public", "The name leads to no public address.")
    assert reasons == [unknown, unknown, errors["dlv_3"]]
    connection.execute("DELETE FROM bulk_lines WHERE line = 1")
    counts = connection.execute("SELECT remembered_lines, remembered_bytes FROM organizations ORDER BY id").fetchall()
    assert counts == [(1, 5), (0, 0)]
    connection.close()
