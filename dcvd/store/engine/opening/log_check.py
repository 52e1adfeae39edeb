"""Look at the write-ahead log before SQLite recovers it, and keep a copy of one that it will not take whole."""

import os
import shutil
from pathlib import Path

import structlog

from dcvd.kit.new_file import create_file
from dcvd.kit.paths import follow_links
from dcvd.store.engine.files import adopt_owner
from dcvd.store.engine.opening.write_ahead_log import LogReport, read_log

log = structlog.get_logger(__name__)


def log_path(database: Path) -> Path:
    """Return the path of a database's write-ahead log."""
    resolved = follow_links(database)
    return resolved.with_name(f"{resolved.name}-wal")


def keep_damaged_log(database: Path) -> LogReport | None:
    """Copy the log aside if changes in it will be lost, and say so; return what was found then.

    Nobody uses the database yet. Raises OSError where there is no room for the copy: then nothing is lost so far.
    """
    path = log_path(database)
    report = read_log(path)
    if report is None or not report.lost_commits:
        return None
    # The salt is another one for each log: one that is found damaged again at the next start has its copy.
    copy = path.with_name(f"{path.name}.damaged-{report.salt}")
    if not os.path.lexists(copy):
        with create_file(copy) as draft:
            shutil.copyfile(path, draft)
            adopt_owner(draft)
    log.error(
        "store.log_damaged",
        commits=report.lost_commits,
        frames=report.lost_frames,
        recovered_commits=report.recovered_commits,
        is_header_sound=report.is_header_sound,
        copy=str(copy),
        advice="the last changes in the write-ahead log cannot be read any more: look at the disk, and compare with a "
        "backup. One commit alone may be one that a power failure cut off, or that was refused when a sync failed",
    )
    return report
