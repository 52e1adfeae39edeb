"""Check a database: the file, its foreign keys, and the rules that its rows keep together."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd.store.checks.deliveries import find_missing_deliveries
from dcvd.store.checks.rules import RULES
from dcvd.store.engine.failures import is_damage, opening_error
from dcvd.store.engine.read_only import connect_read_only

_MAX_EXAMPLES: Final = 10
_MAX_COUNTED: Final = 100_000


class Fault(Struct, frozen=True, kw_only=True):
    """A rule that is broken, how often, and by what, as far as `_MAX_EXAMPLES` go."""

    rule: str
    meaning: str
    count: int
    examples: list[str]


class CheckReport(Struct, frozen=True, kw_only=True):
    """What a check found. `rules` is the number of those that were checked."""

    rules: int
    faults: list[Fault]


def check_database(database: Path, *, deliveries_since: int) -> CheckReport:
    """Check one state of a database, beside a daemon that goes on; nothing is written.

    deliveries_since: deliveries of events before that instant may have been deleted. Raises StoreError where the file
    cannot be read at all, or is not of this dcvd's version.
    """
    with closing(connect_read_only(database)) as connection:
        found = list(_find_faults(connection, database, deliveries_since))
    return CheckReport(rules=len(found), faults=[fault for fault in found if fault.count])


def _find_faults(connection: sqlite3.Connection, database: Path, deliveries_since: int) -> Iterator[Fault]:
    try:
        integrity = _collect("integrity", "The file is damaged: restore a backup.", _check_integrity(connection))
        yield integrity
        if integrity.count:
            return  # what its rows say tells nothing then
        yield _collect("foreign_keys", "A row belongs to one that is not there.", _check_foreign_keys(connection))
        for rule in RULES:
            yield _collect(rule.name, rule.meaning, (str(text) for (text,) in connection.execute(rule.sql)))
        yield _collect(
            "event_without_delivery",
            "An endpoint has no delivery of an event to which it was subscribed.",
            find_missing_deliveries(connection, deliveries_since),
        )
    except sqlite3.Error as error:
        raise opening_error(database, error) from error


def _check_integrity(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        for (line,) in connection.execute(f"PRAGMA integrity_check({_MAX_EXAMPLES})"):
            if line != "ok":
                yield " ".join(str(line).split())
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        yield str(error)


def _check_foreign_keys(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"{table}, row {row}, of {parent}"


def _collect(name: str, meaning: str, texts: Iterable[str]) -> Fault:
    found = iter(texts)
    examples = list(islice(found, _MAX_EXAMPLES))
    rest = sum(1 for _ in islice(found, _MAX_COUNTED))
    return Fault(rule=name, meaning=meaning, count=len(examples) + rest, examples=examples)
