"""A database as a daemon of version 4 left it when it was killed; `version_four.sql` has every row as it wrote it.

There are domains in every status, deliveries that are owed to a receiver that failed, and jobs of every kind that wait.
"""

import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.instants import SECOND
from dcvd.kit.vault.key import VaultKey
from dcvd.store.engine.migrate import load_migrations, migrate, split_statements
from dcvd.store.engine.pragmas import prepare_writer

KEY: Final = VaultKey(bytes(range(32)))
"""What it was sealed with."""
RECEIVER: Final = "http://receiver.test"
"""Where the two endpoints were, `/ok` and `/bad`; the latter answered 500."""
_KILLED_AT: Final = 1_795_810_117_000
_DUE_AFTER: Final = 10 * SECOND
"""By then everything is due."""
TEXT: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
_INSTANT: Final = re.compile(r"(?<![0-9a-z])1[78]\d{11}(?![0-9a-z])")
_MOVED_ID: Final = re.compile(r"\b(dlv|dom|evt|job|rec|tl)_([0-9a-z]{10})([0-9a-z]{16})\b")
"""An id, which begins with its instant. The other ids stay: what is sealed is bound to them."""
_TO_PYTHONS_DIGITS: Final = str.maketrans("0123456789abcdefghjkmnpqrstvwxyz", "0123456789abcdefghijklmnopqrstuv")


def make(path: Path, *, now: int = _KILLED_AT + _DUE_AFTER, replacing: Mapping[str, str] | None = None) -> None:
    """Write the file as if the daemon had been killed a few seconds before `now`, with other texts where given."""
    shift = now - _DUE_AFTER - _KILLED_AT
    text = _INSTANT.sub(lambda found: str(int(found[0]) + shift), TEXT)
    text = _MOVED_ID.sub(lambda found: _move_id(found, shift), text)
    for old, new in (replacing or {}).items():
        text = text.replace(old, new)
    connection = sqlite3.connect(path, isolation_level=None)
    prepare_writer(connection)
    migrate(connection, load_migrations()[:4])
    connection.execute("BEGIN")
    for statement in split_statements(text):
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.close()


def _move_id(found: re.Match[str], shift: int) -> str:
    prefix, instant, rest = found.groups()
    moved = earliest_id(IdPrefix(prefix), int(instant.translate(_TO_PYTHONS_DIGITS), 32) + shift)
    return moved[: -len(rest)] + rest
