"""`dcvd restore`: puts a backup in the database's place, and keeps what was there."""

import asyncio
import os
from pathlib import Path

import click

from dcvd.cli.database.restoration import RestoredBackup, restore_backup
from dcvd.cli.database.systemd import refuse_active_socket
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import load
from dcvd.kit.logs.configuration import configure_logging
from dcvd.store.engine.migrate import load_migrations


@click.command(
    "restore",
    epilog=format_examples(
        "systemctl stop dcvd.socket dcvd.service",
        "dcvd restore /var/backups/dcvd/dcvd-20270115T080000Z.db",
        "dcvd restore copy.db --json | jq -r .restore.keptFile",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--without-keys",
    is_flag=True,
    help="Do not ask for the vault keys that it needs: the daemon alone is given them.",
)
@json_option
@config_option
def restore(file: Path, without_keys: bool, as_json: bool, config: Path) -> None:
    """Put the backup FILE in the database's place, brought up to date, while no daemon runs.

    FILE is checked first, and stays as it is. The database that was there is kept beside it under another name, with
    its log. A command that is killed has changed nothing, or what it decided is finished by the next start.

    Events are numbered on in a new epoch, as the numbers after the backup have been used. Every domain is checked anew.
    Hostnames that Cloudflare has and the backup does not know are shown by `dcvd orphans list`.
    """
    configure_logging(level="warning")
    loaded = load(config, os.environ, need_cloudflare=False)
    refuse_active_socket(loaded.config.server.socket)
    restored = asyncio.run(
        restore_backup(
            loaded.config, file.absolute(), needs_keys=not without_keys, from_environment=loaded.from_environment
        )
    )
    if as_json:
        print_json({"restore": _to_json(restored, loaded.config.database.path)})
        return
    schema = len(load_migrations())
    upgrade = "" if restored.schema == schema else f", brought up from schema version {restored.schema} to {schema}"
    print_prose(
        f"Restored {loaded.config.database.path} from {restored.file}{upgrade}. It has domains: {restored.domains}, "
        f"organizations: {restored.organizations}."
    )
    if restored.kept_file is not None:
        print_prose(f"The database that was there is {restored.kept_file}; remove it, and its -wal, once all is well.")
    print_prose(f"Events are numbered on in epoch {restored.epoch}. Tokens that were revoked since are valid again.")
    print_prose(
        "Start the daemon. Then `dcvd orphans list` shows hostnames at Cloudflare that the backup does not know."
    )


def _to_json(restored: RestoredBackup, database: Path) -> dict[str, object]:
    return {
        "database": str(database),
        "file": str(restored.file),
        "schemaVersion": restored.schema,
        "keptFile": None if restored.kept_file is None else str(restored.kept_file),
        "epoch": restored.epoch,
        "organizations": restored.organizations,
        "domains": restored.domains,
    }
