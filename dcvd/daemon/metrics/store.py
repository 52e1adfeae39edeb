"""The database, its disk and its backups as metrics."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client.core import Metric

from dcvd.core.instants import to_seconds
from dcvd.errors import DatabaseUnusable, DiskFull, OutcomeUnknown, StoreError
from dcvd.metrics.catalogue import daemon
from dcvd.store.backups.mark import read_last_backup
from dcvd.store.engine.disk import measure_log
from dcvd.store.engine.writer_state import WriterState

WRITER: Final = (
    daemon.COMMITS,
    daemon.FAILED_COMMITS,
    daemon.UNITS_WAITING,
    daemon.WRITER_STALL,
    daemon.OUTAGE,
    daemon.COMMIT_AGE,
)
_FAILURES: Final = tuple(each.code for each in (StoreError, DiskFull, OutcomeUnknown, DatabaseUnusable))


def show_writer(state: WriterState) -> Iterator[Metric]:
    """Yield the metrics of the database's writer."""
    yield daemon.COMMITS.build_single(state.commits)
    yield daemon.FAILED_COMMITS.build({(code,): state.failures[code] for code in {*_FAILURES, *state.failures}})
    yield daemon.UNITS_WAITING.build_single(state.count_waiting())
    yield daemon.WRITER_STALL.build_single(state.measure_stall())
    yield daemon.OUTAGE.build_single(state.measure_outage())
    yield daemon.COMMIT_AGE.build_single(state.measure_commit_age())


def show_disk(database: Path) -> list[Metric]:
    """Return the metrics of the files; what cannot be known is absent. It waits for the disk."""
    last_backup_at = read_last_backup(database)
    try:
        usage = shutil.disk_usage(database.parent)
    except OSError:
        usage = None
    try:
        size = database.stat().st_size
    except OSError:
        size = None
    return [
        daemon.FREE_SPACE.build_single(None if usage is None else usage.free),
        daemon.DISK_SIZE.build_single(None if usage is None else usage.total),
        daemon.DATABASE_SIZE.build_single(size),
        daemon.LOG_SIZE.build_single(measure_log(database)),
        daemon.LAST_BACKUP.build_single(None if last_backup_at is None else to_seconds(last_backup_at)),
    ]
