"""From version 35 on: every attempt that is known counts, and its answer was whole."""

import sqlite3
from pathlib import Path

from dcvd.store.engine.migrate import load_migrations, migrate

_COLUMNS = (
    "delivery_id, number, started_at, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, outcome, reason,"
    " status_code, error, headers, response, remote_ip, next_attempt_at, next_reason"
)


def test_every_column_of_an_attempt_is_kept(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "dcvd.db", isolation_level=None)
    migrate(connection, load_migrations()[:35])
    connection.execute("PRAGMA foreign_keys = OFF")
    rows: list[tuple[object, ...]] = [
        (
            "dlv_1",
            1,
            5,
            1,
            2,
            3,
            4,
            10,
            "http_error",
            None,
            503,
            "No.",
            '{"a":"b"}',
            b"\xff",
            "192.0.2.1",
            9,
            "schedule",
        ),
        ("dlv_1", 2, 9, None, None, None, 4, 10, "delivered", None, 200, None, "{}", b"", None, None, "delivered"),
        ("dlv_2", 1, 9, None, None, None, None, 10, "protocol", "not_http", None, "Oh.", "{}", b"", None, None, None),
    ]
    connection.executemany(f"INSERT INTO attempts ({_COLUMNS}) VALUES ({', '.join('?' * 17)})", rows)
    migrate(connection)
    assert connection.execute(f"SELECT {_COLUMNS} FROM attempts ORDER BY delivery_id, number").fetchall() == rows
    assert connection.execute("SELECT DISTINCT counted, body_fault FROM attempts").fetchall() == [(1, "")]
    connection.close()
