"""What an overview costs does not grow with what is stored."""

import sqlite3
from contextlib import closing

from dcvd.core.instants import DAY, HOUR
from dcvd.services.system.overview import read_rows
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.transactions import Snapshot
from tests.sqlite_steps import count_steps

NOW = 500_000 * HOUR
_STATUSES = ("active", "error", "issuing", "pending_cname")
_WAITED_FOR = (None, "operator", "cloudflare", "customer")


def count_steps_of(number: int) -> int:
    """The steps of SQLite's machine, with so many domains, jobs, deliveries and dead letters."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
        connection.executemany(
            "INSERT INTO webhook_endpoints (id, org_id, url, events, health, created_at, updated_at)"
            " VALUES (?, 'org_1', 'https://a.test', '[]', ?, 1, 1)",
            [("wh_1", "healthy"), ("wh_2", "failing"), ("wh_3", "disabled")],
        )
        for at in range(number):
            connection.execute(
                "INSERT INTO domains (id, org_id, name, registrable, status, waits_for, broken_since, cname_target,"
                " dns_state, lane, next_sync_at, expires_at, created_at, updated_at) VALUES"
                " (?1, 'org_1', ?1, 'test', ?2, ?3, ?4, 'edge.test', 'unknown', ?5, ?6, ?7, 1, 1)",
                (
                    f"{at}.test",
                    _STATUSES[at % 4],
                    _WAITED_FOR[at % 4],
                    None if at % 2 else NOW - at,
                    at % 3,
                    NOW - at,
                    NOW + at % 90 * DAY,
                ),
            )
            connection.execute(
                "INSERT INTO jobs (id, org_id, kind, state, next_attempt_at, created_at, updated_at)"
                " VALUES (?1, 'org_1', 'register', ?2, ?3, 1, 1)",
                (f"job_{at}", *(("pending", NOW - at) if at % 2 else ("dead", None))),
            )
            connection.execute(
                "INSERT INTO events (id, org_id, sequence, type, body, created_at)"
                " VALUES (?1, 'org_1', ?2, 'webhook.test', x'00', 1)",
                (f"evt_{at}", at + 1),
            )
            connection.execute(
                "INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, sequence, state,"
                " next_attempt_at, created_at, updated_at)"
                " VALUES (?1, 'org_1', ?2, ?3, 'webhook.test', 1, ?4, ?5, 1, 1)",
                (f"dlv_{at}", f"wh_{at % 3 + 1}", f"evt_{at}", *(("pending", NOW - at) if at % 2 else ("dead", None))),
            )
        connection.execute("COMMIT")

        def read() -> None:
            rows = read_rows(Snapshot(connection), NOW)
            assert sum(each.count for each in rows.figures.domains) == number
            assert len(rows.latest_broken) == 10

        return count_steps(connection, read)


def test_ten_times_as_much_is_read_in_as_many_steps() -> None:
    few, many = count_steps_of(300), count_steps_of(3_000)
    assert many < 1.2 * few, (few, many)
