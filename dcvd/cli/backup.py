"""`dcvd backup`: copies the database, and names the keys that the copy needs."""

import os
from pathlib import Path

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.config import load
from dcvd.core.instants import to_rfc3339
from dcvd.store.backup import Backup, back_up


@click.command(
    "backup",
    epilog=format_examples(
        "dcvd backup /var/backups/dcvd-$(date +%F).db",
        "dcvd backup copy.db --json | jq -r '.backup.vaultKeys[].source'",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@config_option
def backup(file: Path, as_json: bool, config: Path) -> None:
    """Copy the database to the new FILE, while the daemon runs or while it does not, and check the copy.

    Secrets are encrypted in it as they are in the database. It says which keys open them: keep those too, apart from
    the copy. To restore, stop the daemon, remove the database with its -wal and -shm files, put the copy in its place,
    owned by the user that dcvd runs as, and see that the keys are where they were.
    """
    database = load(config, os.environ, need_cloudflare=False).config.database.path
    copy = back_up(database, file.absolute())
    if as_json:
        print_json({"backup": _backup_output(copy)})
        return
    click.echo(f"Copied {database} to {copy.file}: {_format_size(copy.bytes)}, checked.")
    for key in copy.keys:
        click.echo(f"It needs key {key.key_id}: {key.source}; keep that apart from the backup.")
    if not copy.keys:
        click.echo("It needs no key: nothing in it is encrypted.")


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
