"""From version 53 on: who has to act is stored of each domain, by the rule that each later check goes by."""

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from dcvd.core.diagnosis.reason import find_awaited
from dcvd.store import domains
from dcvd.store.engine.database import Database
from dcvd.store.engine.migrate import load_migrations, migrate

_STATES: Final = ("unknown", "verified", "unverifiable", "failed")
_ERRORS: Final = (
    *("moved", "validation_timed_out", "issuance_timed_out", "deletion_timed_out", "blocked", "zone_hold"),
    *("domain_held", "registration_failed", "certificate_gone", "certificate_expired", "deleted"),
    *("hostname_invalid", "hostname_taken", "hostname_differs", "quota_exceeded", "plan_lacks", "cloudflare_1414"),
)
_FINDINGS: Final[tuple[list[tuple[str, str]], ...]] = (
    [],
    [("error", "customer")],
    [("error", "operator"), ("error", "customer")],
    [("warning", "nobody"), ("warning", "customer")],
    [("warning", "customer")],
    [("info", "customer")],
    [("error", "nobody"), ("warning", "operator")],
)
_HELD: Final = "The hostname is associated with a held zone. Please contact the owner to have the hold removed."


def _write_findings(found: list[tuple[str, str]]) -> str:
    return json.dumps(
        [
            {"code": f"made_up_{at}", "severity": severity, "actor": actor, "message": "It is wrong."}
            for at, (severity, actor) in enumerate(found)
        ],
        separators=(",", ":"),
    )


def _list_rows() -> list[dict[str, object]]:
    """List domains of every sort: what is stored of each beside what all have."""
    rows: list[dict[str, object]] = []
    for state, found in itertools.product(_STATES, _FINDINGS):
        common: dict[str, object] = {"dns_state": state, "findings": _write_findings(found)}
        for status in ("pending_cname", "issuing", "active"):
            rows.append({**common, "status": status})
            rows.append({**common, "status": status, "ready_since": 1})
        rows.append({**common, "status": "pending_cname", "dormant_since": 1})
        for code in _ERRORS:
            row: dict[str, object] = {
                **common,
                "status": "error",
                "error_code": code,
                "error_message": "It was refused.",
            }
            if code == "moved":
                row["cf_status"] = "moved"
            elif code.endswith("timed_out"):
                row["cf_ssl_status"] = code
            elif code in ("blocked", "zone_hold"):
                texts = [_HELD] if code == "zone_hold" else []
                row |= {"error_code": "blocked", "cf_status": "blocked", "cf_errors": json.dumps(texts)}
            rows.append(row)
    return rows


async def test_old_rows_say_who_has_to_act_as_the_rule_does(tmp_path: Path) -> None:
    rows, path = _list_rows(), tmp_path / "dcvd.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, load_migrations()[:53])
        connection.execute("BEGIN")
        connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
        for number, row in enumerate(rows):
            whole = {
                "id": f"dom_{number}",
                "org_id": "org_1",
                "name": f"shop{number}.test.com",
                "registrable": "test.com",
                "cname_target": "edge.test",
                "cf_id": f"{number:032x}",
                "next_sync_at": 1,
                "created_at": 1,
                "updated_at": 1,
                **row,
            }
            connection.execute(
                f"INSERT INTO domains ({', '.join(whole)}) VALUES ({', '.join('?' * len(whole))})",
                tuple(whole.values()),
            )
        connection.execute("COMMIT")
        migrate(connection)
        stored = dict(connection.execute("SELECT id, waits_for FROM domains").fetchall())
    database = await Database.open(path)
    found = {}
    for number in range(len(rows)):
        domain = await database.read(lambda snapshot, number=number: domains.get(snapshot, f"dom_{number}"))  # type: ignore[misc]
        assert domain is not None
        awaited = find_awaited(domain)
        found[domain.id] = None if awaited is None else awaited.value
    await database.close()
    differing = {key: (rows[int(key[4:])], found[key], stored[key]) for key in stored if found[key] != stored[key]}
    assert differing == {}
