"""Examine what dcvd has on this machine: its database, its disk, its backups."""

import time

from dcvd.cli.setup.findings import Finding, Status
from dcvd.config import Config
from dcvd.core.durations import format_bytes, format_span
from dcvd.core.numbers import count as count_noun
from dcvd.errors import StoreError
from dcvd.store.backups.mark import read_last_backup
from dcvd.store.engine.disk import measure_database, measure_free_bytes
from dcvd.store.engine.read_only import open_snapshot


def examine_machine(config: Config) -> list[Finding]:
    """Examine the database, the disk and the backups."""
    return [_examine_database(config), _examine_disk(config), _examine_backups(config)]


def _examine_database(config: Config) -> Finding:
    path = config.database.path
    try:
        with open_snapshot(path) as snapshot:
            (count,) = snapshot.fetch_one("SELECT count(*) FROM organizations") or (0,)
    except StoreError as error:
        status: Status = "unknown" if error.code == "no_database" else "failing"
        return Finding("database", status, error.message)
    organizations = count_noun(count, "organization")
    return Finding("database", "ok", f"{path} is of this version, and has {organizations}.")


def _examine_disk(config: Config) -> Finding:
    path, floor = config.database.path, config.system_events.disk_floor
    try:
        free = measure_free_bytes(path)
    except OSError as error:
        return Finding("disk", "unknown", f"What is free beside {path} cannot be measured: {error.strerror}.")
    size = measure_database(path)
    taken = "" if size is None else f" The database takes {format_bytes(size.total_bytes)}."
    message = f"The file system of {path} has {format_bytes(free)} free.{taken}"
    if free < floor:
        advice = f"That is less than system_events.disk_floor, {format_bytes(floor)}: make room, or move the database."
        return Finding("disk", "failing", f"{message} {advice}")
    return Finding("disk", "ok", message)


def _examine_backups(config: Config) -> Finding:
    last_at, most_ms = read_last_backup(config.database.path), config.system_events.backup_max_age
    if last_at is None:
        return Finding(
            "backup", "unknown", "None is known: run dcvd backup, or systemctl enable --now dcvd-backup.timer."
        )
    age_ms = time.time_ns() // 1_000_000 - last_at
    message = f"The last one was made {format_span(max(age_ms, 0))} ago."
    if most_ms and age_ms > most_ms:
        return Finding("backup", "failing", f"{message} systemctl status dcvd-backup.timer says why none followed.")
    return Finding("backup", "ok", message)
