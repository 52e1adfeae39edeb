"""Put another file in a database's place: a kill at any moment leaves the old database or the new one, each whole.

The new file is made as a draft beside the old one. `commit_replacement` gives it a name by which everybody who holds
the lock knows that it has to take the database's place, and `finish_replacement` does that, by steps that can be
repeated. The log of the old file has to be out of the way before the new one has its name: SQLite would replay it into
that.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.errors import StoreError
from dcvd.kit.new_file import sync_to_disk
from dcvd.kit.paths import follow_links

log = structlog.get_logger(__name__)

_LOG_SUFFIXES: Final = ("-wal", "-journal")
"""What a file needs to be whole, beside itself."""
_SHARED_SUFFIX: Final = "-shm"
_COMMITTED: Final = ".restored-"
_KEPT: Final = ".replaced-"
_STAMP: Final = re.compile(r"\d{8}T\d{6}Z")


def draft_path(database: Path) -> Path:
    """Return where the file is made that is to take a database's place."""
    resolved = follow_links(database)
    return resolved.with_name(f"{resolved.name}.restoring")


def remove_draft(database: Path) -> None:
    """Remove the draft that this process, or one that was killed, has made."""
    draft = draft_path(database)
    for suffix in ("", *_LOG_SUFFIXES, _SHARED_SUFFIX):
        _add_suffix(draft, suffix).unlink(missing_ok=True)


def commit_replacement(database: Path, now: int) -> None:
    """Decide that the draft, which is whole, takes the database's place; the caller holds the lock.

    Raises StoreError where the draft has a log beside it, without which it is not whole, and OSError.
    """
    resolved, draft = follow_links(database), draft_path(database)
    for suffix in _LOG_SUFFIXES:
        if _add_suffix(draft, suffix).exists():
            raise StoreError(f"The new database for {database} could not be written as a whole: is the disk full?")
    stamp = _format_stamp(now)
    while resolved.with_name(f"{resolved.name}{_KEPT}{stamp}").exists():
        now += SECOND  # two restores within a second keep two databases
        stamp = _format_stamp(now)
    sync_to_disk(draft)
    draft.rename(resolved.with_name(f"{resolved.name}{_COMMITTED}{stamp}"))
    sync_to_disk(resolved.parent)


def is_committed(database: Path) -> bool:
    """Whether `finish_replacement` has something to do."""
    try:
        return next(_find_committed(follow_links(database)), None) is not None
    except OSError:  # a link that leads to itself
        return False


def finish_replacement(database: Path) -> Path | None:
    """Give the database's name to the file that was committed, if there is one. The caller holds the lock.

    Returns the name under which the database that was there is kept; None where there was none, or nothing to do. What
    a killed process has done of it already is not done again. Raises StoreError.
    """
    try:
        return _finish(follow_links(database))
    except OSError as error:
        raise StoreError(
            f"A backup is being restored to {database}, and that cannot be finished: {error.strerror} "
            f"({error.filename}). Mend that, and start again."
        ) from error


def _finish(resolved: Path) -> Path | None:
    kept_file = None
    for committed, stamp in _find_committed(resolved):
        kept = resolved.with_name(f"{resolved.name}{_KEPT}{stamp}")
        # The file goes first: a reader that comes in between finds no database, and not one without its log.
        for suffix in ("", *_LOG_SUFFIXES):
            source = _add_suffix(resolved, suffix)
            if source.exists():
                source.rename(_add_suffix(kept, suffix))
                sync_to_disk(resolved.parent)
        _add_suffix(resolved, _SHARED_SUFFIX).unlink(missing_ok=True)
        committed.rename(resolved)
        sync_to_disk(resolved.parent)
        kept_file = kept if kept.exists() else None
        log.info("store.replaced", path=str(resolved), kept=None if kept_file is None else str(kept_file))
    return kept_file


def _format_stamp(instant: int) -> str:
    return re.sub(r"[-:]", "", to_rfc3339(instant - instant % SECOND))


def _find_committed(resolved: Path) -> Iterator[tuple[Path, str]]:
    prefix = f"{resolved.name}{_COMMITTED}"
    if not resolved.parent.is_dir():
        return
    for path in sorted(resolved.parent.iterdir()):
        stamp = path.name.removeprefix(prefix)
        if path.name.startswith(prefix) and _STAMP.fullmatch(stamp):
            yield path, stamp


def _add_suffix(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}{suffix}")
