"""The file beside the database that says when the last backup was made.

It is no row of the database: `dcvd backup` runs beside a daemon, which alone may write there, and beside none.
"""

from pathlib import Path
from typing import Final

from dcvd.errors import StoreError
from dcvd.kit.new_file import hold_draft, sync_to_disk
from dcvd.kit.paths import follow_links
from dcvd.store.engine.files import adopt_owner

_SUFFIX: Final = ".last-backup"
_MAX_DIGITS: Final = 15


def mark_backup(database: Path, made_at: int) -> None:
    """Store when a backup was made, in milliseconds. Raises StoreError."""
    path = _mark_path(database)
    try:
        with hold_draft(path.parent) as draft:
            draft.write_text(f"{made_at}\n", encoding="ascii")
            adopt_owner(draft)
            sync_to_disk(draft)
            draft.replace(path)
    except OSError as error:
        raise StoreError(f"{path}, which says when a backup was made, cannot be written: {error.strerror}.") from error


def read_last_backup(database: Path) -> int | None:
    """Read when the last backup was made, in milliseconds; None where there was none, or where that is not known."""
    try:
        with _mark_path(database).open(encoding="ascii") as file:
            text = file.read(_MAX_DIGITS + 1).strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdigit() and len(text) <= _MAX_DIGITS else None


def _mark_path(database: Path) -> Path:
    resolved = follow_links(database)
    return resolved.with_name(f"{resolved.name}{_SUFFIX}")
