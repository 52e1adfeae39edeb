"""`dcvd backup`: copies the database, and names the keys that the copy needs."""

import os
from pathlib import Path

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import load
from dcvd.core.instants import to_rfc3339
from dcvd.errors import StoreError
from dcvd.kit.clock import SystemClock
from dcvd.store.backups.backup import Backup, back_up
from dcvd.store.backups.directory import choose_file, remove_old
from dcvd.store.backups.mark import mark_backup


@click.command(
    "backup",
    epilog=format_examples(
        "dcvd backup /var/backups/dcvd-$(date +%F).db",
        "dcvd backup --directory /var/backups/dcvd --keep 14",
        "dcvd backup copy.db --json | jq -r '.backup.vaultKeys[].source'",
    ),
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    help="Instead of FILE: make dcvd-TIME.db in this directory, which is there already.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --directory: afterwards remove all copies of that form but the N newest.",
)
@json_option
@config_option
def backup(file: Path | None, directory: Path | None, keep: int | None, as_json: bool, config: Path) -> None:
    """Copy the database to the new FILE, while the daemon runs or while it does not, and check the copy.

    Secrets are encrypted in it as they are in the database. It says which keys open them: keep those too, apart from
    the copy. `dcvd restore` puts a copy in the database's place.
    """
    if (file is None) == (directory is None):
        raise click.UsageError("Name a FILE for the copy, or give --directory, one of both.")
    if keep is not None and directory is None:
        raise click.UsageError("--keep says which copies of a --directory are kept: give that too.")
    database = load(config, os.environ, need_cloudflare=False).config.database.path
    now = SystemClock().now()
    if directory is not None:
        file = choose_file(directory.absolute(), now)
    assert file is not None
    copy = back_up(database, file.absolute())
    try:
        mark_backup(database, now)
    except StoreError as error:
        print_prose(f"Warning: {error.message} The backup is whole, but dcvd will call it late.", err=True)
    removed: list[Path] = []
    if directory is not None and keep is not None:
        try:
            removed = remove_old(directory.absolute(), keep, copy.file)
        except StoreError as error:
            print_prose(f"Warning: {error.message} The new backup is whole.", err=True)
    if as_json:
        print_json(
            {"backup": _backup_output(copy), **({} if directory is None else {"removed": list(map(str, removed))})}
        )
        return
    print_prose(f"Copied {database} to {copy.file}: {_format_size(copy.bytes)}, checked.")
    if removed:
        print_prose(f"Removed {len(removed)} older: {', '.join(path.name for path in removed)}.")
    for key in copy.keys:
        print_prose(f"It needs key {key.key_id}: {key.source}; keep that apart from the backup.")
    if not copy.keys:
        print_prose("It needs no key: nothing in it is encrypted.")


def _backup_output(copy: Backup) -> dict[str, object]:
    return {
        "file": str(copy.file),
        "bytes": copy.bytes,
        "schemaVersion": copy.schema,
        "vaultKeys": [
            {"id": key.key_id, "source": key.source, "createdAt": to_rfc3339(key.created_at)} for key in copy.keys
        ],
    }


def _format_size(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):.1f} MiB" if size_bytes >= 1 << 20 else f"{size_bytes / (1 << 10):.0f} KiB"
