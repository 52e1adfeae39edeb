"""Explains statements: none may read a growing table, or an index over it, from end to end."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.temporary_schema import create_temporary_schema

_SMALL: Final = {
    "organizations",
    "audit_chains",
    "vault_keys",
    "system_conditions",
    "epochs",
    "domain_counts",
    "certificate_counts",
    "job_counts",
    "endpoint_counts",
    "connection_counts",
    "sqlite_master",
    "json_each",
    "few",
    "pair",
    "finished_attempts",
}
"""What does not grow with tenants' data, and the names that statements give to what they were handed or limited."""
_DERIVED: Final = re.compile(
    r"SCAN (?:\d+ CONSTANT ROWS?|CONSTANT ROW|\d+-ROW VALUES CLAUSE|SUBQUERY \d+)\b"
    r"|(?:SCAN|SEARCH|RIGHT-JOIN|BLOOM FILTER ON) \((?:subquery|join)-\d+\)"
)
"""Rows that the statement holds, or that one of its subqueries makes: lines of their own say what that one reads."""
_END_TO_END: Final = re.compile(
    r"(?:SCAN|RIGHT-JOIN|BLOOM FILTER ON) (?:TABLE )?(?P<name>\S+)"
    r"|SEARCH (?:TABLE )?(?P<indexed>\S+) .*\bUSING AUTOMATIC\b"
)
"""A scan says so by its name, or reads a table's every row to fill a filter or an index for this statement alone."""

_SEARCH: Final = re.compile(r"SEARCH (?:TABLE )?(?P<name>\S+) .*\bUSING (?:COVERING )?INDEX \S+ \((?P<terms>.*)\)")
_FEW_VALUES: Final = {
    "blocked", "enabled", "health", "kind", "lane", "outage", "outcome", "provider", "ready", "state", "status", "type",
}  # fmt: skip
"""Columns of which so many rows have the same value that a walk through them is one through the table."""

_WALKS: Final = {
    "SELECT id FROM webhook_endpoints WHERE health = 'disabled'": (
        "the janitor needs each of them, and an endpoint that is disabled for long is rare"
    ),
}
"""Statements that walk through an index and find what they look for in each of its rows, and why they may."""


def walks_through_an_index(detail: str, sql: str) -> str | None:
    """The table whose index a line of a plan walks through: nothing but columns of few values tells where it ends.

    A limit ends it too; that what comes before is not gone through either, is for a test that counts the steps.
    """
    match = _SEARCH.match(detail)
    if match is None or sql in _WALKS or re.search(r"\bLIMIT\b", sql):
        return None
    columns = {re.split(r"[=<>]", term, maxsplit=1)[0] for term in match["terms"].split(" AND ")}
    return match["name"] if columns <= _FEW_VALUES else None


def read_from_end_to_end(detail: str) -> str | None:
    """The table, or its alias, that a line of a plan reads as a whole, in the wording of any version of SQLite."""
    match = _END_TO_END.match(detail)
    if match is None or _DERIVED.match(detail):
        return None
    return match["name"] or match["indexed"]


class Plans:
    """Collects the statements that ran, and explains each once."""

    def __init__(self) -> None:
        self._noted: set[str] = set()
        self._checked: set[str] = set()
        self._connection: sqlite3.Connection | None = None

    def note(self, sql: str) -> None:
        """A statement ran; called on whatever thread it ran on."""
        self._noted.add(sql)

    def close(self) -> None:
        """Lets go of the database that it explains statements with."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def check(self) -> None:
        """Raises AssertionError for a statement that scans."""
        fresh = self._noted - self._checked
        self._checked |= fresh
        faults = [fault for sql in sorted(fresh) for fault in self.faults(sql)]
        assert not faults, "\n".join(faults)

    def faults(self, sql: str) -> list[str]:
        """What is wrong with a statement's plan; empty when it is well."""
        if self._connection is None:
            self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            migrate(self._connection)
            create_temporary_schema(self._connection)
        rows = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", _bind_nothing(sql)).fetchall()
        found = []
        for *_, detail in rows:
            name = read_from_end_to_end(detail) or walks_through_an_index(detail, sql)
            if name is not None and name not in _SMALL:
                found.append(f"{detail} in: {sql}")
        return found


def _bind_nothing(sql: str) -> Sequence[None] | Mapping[str, None]:
    names = re.findall(r"[ (]:([a-z_][a-z_0-9]*)", sql)
    if names:
        return dict.fromkeys(names)
    return [None] * max((int(number) for number in re.findall(r"\?(\d+)", sql)), default=sql.count("?"))
