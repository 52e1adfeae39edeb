"""A database as the first version left it, with something in every table that the second one changes."""

import sqlite3
from pathlib import Path
from typing import Final

from dcvd.store.engine.migrate import load_migrations, migrate
from dcvd.store.engine.pragmas import prepare_writer

SECRETS: Final = {"wh_on": "11" * 16 + "c0ffee00" * 4, "wh_off": "22" * 16 + "deadbeef" * 4}
"""By endpoint; more of them than one page of the file holds are made on demand."""


def make(path: Path, *, endpoints: int = 0) -> dict[str, str]:
    """Write the file; returns the plain secret of each endpoint. `endpoints`: how many more to add."""
    connection = sqlite3.connect(path, isolation_level=None)
    prepare_writer(connection)
    # What an SQLite that was built without it would have done.
    connection.execute("PRAGMA secure_delete = OFF")
    migrate(connection, load_migrations()[:1])
    secrets = SECRETS | {f"wh_more{number:04d}": f"{number:064x}"[::-1] for number in range(1, endpoints + 1)}
    connection.execute("BEGIN")
    connection.execute("INSERT INTO organizations VALUES ('org_1', 'Acme', 5, 1)")
    connection.execute(
        "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, dns_state, next_sync_at, created_at,"
        " updated_at) VALUES ('dom_a', 'org_1', 'a.test', 'a.test', 'active', 'edge.test', 'verified', 1, 1, 1)"
    )
    for endpoint_id, secret in secrets.items():
        connection.execute(
            "INSERT INTO webhook_endpoints VALUES (?, 'org_1', 'https://a.test/', ?, '[\"domain.active\"]', ?, 7, 8)",
            (endpoint_id, secret, int(endpoint_id != "wh_off")),
        )
    for sequence, domain_id in enumerate(("dom_a", "dom_a", "dom_a", "dom_b", None), start=1):
        connection.execute(
            "INSERT INTO events VALUES (?, 'org_1', ?, 'domain.active', ?, ?, ?)",
            (f"evt_{sequence}", sequence, domain_id, f'{{"sequence":{sequence}}}'.encode(), 100 + sequence),
        )
    for sequence, state, attempts, next_attempt_at, error in (
        (1, "delivered", 2, None, None),
        (2, "pending", 1, 5_000, "It answered 500."),
        (3, "pending", 0, 3_000, None),
        (4, "dead", 1, None, "It answered 410."),
        (5, "pending", 0, 4_000, None),
    ):
        connection.execute(
            "INSERT INTO deliveries VALUES (?, 'org_1', 'wh_on', ?, ?, ?, ?, ?, ?, ?)",
            (f"dlv_{sequence}", f"evt_{sequence}", state, attempts, next_attempt_at, error, 200, 300 + sequence),
        )
    for delivery_id, number, outcome, status, response in (
        ("dlv_1", 1, "timeout", None, b""),
        ("dlv_1", 2, "delivered", 200, b"ok"),
        ("dlv_2", 1, "http_error", 500, b"\xff\x00"),
        ("dlv_4", 1, "gone", 410, b""),
    ):
        connection.execute(
            "INSERT INTO attempts VALUES (?, ?, 400, 17, ?, ?, 'E', ?, '192.0.2.1')",
            (delivery_id, number, outcome, status, response),
        )
    connection.execute("COMMIT")
    connection.close()
    return secrets
