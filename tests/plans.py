"""Explains statements: none may read a growing table from end to end."""

import re
import sqlite3
from typing import Final

from dcvd.store.migrate import migrate

_SMALL: Final = {"organizations", "vault_keys", "sqlite_master", "json_each", "CONSTANT", "few", "pair"}
"""What does not grow with tenants' data, and the names that statements give to what they were handed or limited."""
_SCAN: Final = re.compile(r"\bSCAN (?!\d+ CONSTANT ROWS|\(subquery-\d+\))(\S+)")


class Plans:
    """Collects the statements that ran, and explains each once."""

    def __init__(self) -> None:
        self._noted: set[str] = set()
        self._checked: set[str] = set()
        self._connection: sqlite3.Connection | None = None

    def note(self, sql: str) -> None:
        """A statement ran; called on whatever thread it ran on."""
        self._noted.add(sql)

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
        count = max((int(number) for number in re.findall(r"\?(\d+)", sql)), default=sql.count("?"))
        rows = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * count).fetchall()
        found = []
        for *_, detail in rows:
            match = _SCAN.search(detail)
            if match is not None and match[1] not in _SMALL:
                found.append(f"{detail} in: {sql}")
        return found
