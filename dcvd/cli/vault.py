"""`dcvd vault`: makes, changes and lists the keys that secrets in the database are encrypted with."""

import os
from pathlib import Path
from typing import Final

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.lists import print_table
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import Config, LoadedConfig, load
from dcvd.config.secrets import SecretSource
from dcvd.errors import StoreError
from dcvd.kit.logs.configuration import configure_logging
from dcvd.kit.new_file import create_file
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.key_file import format_keys
from dcvd.services.vault import key_rotation
from dcvd.services.vault.key_rotation import KeyFileChange
from dcvd.services.vault.status import KeyStatus, ValueCounts, VaultStatus, read_status
from dcvd.store.engine.files import adopt_owner
from dcvd.store.engine.read_only import open_snapshot
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.vault import sealed_columns, vault_keys

_COLUMNS: Final = {column.field: column for column in sealed_columns.COLUMNS}
_BACKUPS_SENTENCE: Final = "Backups made before still need it: keep a copy for as long as you keep those."


@click.group(
    "vault",
    epilog=format_examples(
        "dcvd vault status",
        "dcvd vault keygen --output /etc/dcvd/encryption-key",
        "dcvd vault rotate && systemctl restart dcvd",
    ),
)
def vault() -> None:
    """Make, change and list the keys that encrypt endpoints' secrets and customers' connections in the database."""


@vault.command(
    "keygen",
    epilog=format_examples(
        "dcvd vault keygen --output /etc/dcvd/encryption-key", "OAUTH_ENCRYPTION_KEY=$(dcvd vault keygen)"
    ),
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="A new file, readable by its owner alone."
)
@json_option
def keygen(output: Path | None, as_json: bool) -> None:
    """Make a new key: print it, or write it to a FILE that is not there yet."""
    key = VaultKey.generate(os.urandom)
    if output is None:
        text = key.to_text().reveal()
        if as_json:
            print_json({"key": {"id": key.id, "key": text}})
        else:
            click.echo(text)
        return
    path = output.absolute()
    try:
        with create_file(path) as draft:
            draft.write_text(format_keys([key]), encoding="ascii")
            adopt_owner(draft)
    except FileExistsError as error:
        raise StoreError(f"{path} is already there, and a key replaces nothing: name another file.") from error
    if as_json:
        print_json({"key": {"id": key.id, "file": str(path)}})
    else:
        print_prose(f"Wrote key {key.id} to {path}.")
        print_prose("Keep a copy apart from the backups of the database: without it the secrets are lost.", err=True)


@vault.command(
    "rotate", epilog=format_examples("dcvd vault rotate", "dcvd vault rotate --drop-old", "dcvd vault status")
)
@click.option(
    "--drop-old", is_flag=True, help="Make no new key, but remove those from the file that nothing needs any more."
)
@json_option
@config_option
def rotate(drop_old: bool, as_json: bool, config: Path) -> None:
    """Put a new key before the present one into the file that the daemon takes it from.

    The next start of the daemon encrypts with the new key, and in the background encrypts anew what the earlier ones
    have encrypted. When that is done, --drop-old removes them from the file.
    """
    loaded = _load_config(config)
    resolve_path = SecretSource(directory=config.absolute().parent, environ=os.environ).resolve_path
    source, needed = _read_needed_keys(loaded.config, must_exist=drop_old)
    path = key_rotation.find_key_file(loaded.config, resolve_path, loaded.from_environment, source)
    change = key_rotation.drop_unneeded_keys(path, needed) if drop_old else key_rotation.rotate(path)
    if as_json:
        view = {
            "file": str(path),
            "active": change.active_id,
            "earlier": change.earlier_ids,
            "dropped": change.dropped_ids,
        }
        print_json({"rotated": view})
    elif drop_old:
        _print_dropped(change)
    else:
        print_prose(
            f"Put the new key {change.active_id} into {path}. Keep a copy apart from the backups of the database."
        )
        print_prose(
            "Restart dcvd: it then encrypts with that, and in the background encrypts anew what was encrypted with "
            f"{_format_key_ids(change.earlier_ids)}. `dcvd vault status` shows how far it is; then: dcvd vault rotate "
            "--drop-old"
        )


@vault.command("status", epilog=format_examples("dcvd vault status", "dcvd vault status --json | jq .vault.waiting"))
@json_option
@config_option
def show_status(as_json: bool, config: Path) -> None:
    """Show which keys there are, what each has encrypted, and what waits to be encrypted anew.

    Works while the daemon runs and while it does not.
    """
    loaded = _load_config(config)
    with open_snapshot(loaded.config.database.path) as snapshot:
        vault_status = read_status(snapshot, loaded.config, loaded.from_environment)
    if as_json:
        print_json({"vault": vault_status})
    else:
        _print_status(vault_status)


def _load_config(config: Path) -> LoadedConfig:
    configure_logging(level="warning")
    return load(config, os.environ, need_cloudflare=False)


def _read_needed_keys(config: Config, *, must_exist: bool) -> tuple[str | None, set[str]]:
    """Read where the daemon's last start found its key, and the ids of all keys that it or a row needs."""

    def query(snapshot: Snapshot) -> tuple[str | None, set[str]]:
        records = {key.key_id: key for key in vault_keys.list_all(snapshot)}
        active = vault_keys.find_active_id(snapshot)
        source = records[active].source if active is not None else None
        return source, records.keys() | sealed_columns.key_ids(sealed_columns.list_groups(snapshot))

    try:
        with open_snapshot(config.database.path) as snapshot:
            return query(snapshot)
    except StoreError as error:
        if must_exist or error.code != "no_database":
            raise
        return None, set()


def _print_status(vault_status: VaultStatus) -> None:
    if not vault_status.keys:
        print_prose("The database has no key yet: the daemon's first start gives it one.")
    else:
        print_table(vault_status.keys, _KEY_COLUMNS, is_wide=False)
    if vault_status.waiting:
        print_prose(f"To be encrypted anew by the daemon: {_format_counts(vault_status.waiting)}.")
    if vault_status.damaged:
        print_prose(f"Damaged, and not to be opened with any key: {_format_counts(vault_status.damaged)}.")
    if vault_status.next is not None:
        print_prose(f"The next start of dcvd encrypts with key {vault_status.next.id}: {vault_status.next.source}.")
    for key in vault_status.unneeded:
        print_prose(f"Nothing in the database needs key {key.id} any more: {key.source}. {_BACKUPS_SENTENCE}")
    if vault_status.connections:
        print_prose("Connections to DNS providers: a key is configured.")
    else:
        print_prose(
            "Connections to DNS providers need a key that you set: name its file in vault.key_file, or set "
            "OAUTH_ENCRYPTION_KEY, and restart dcvd."
        )
    for problem in vault_status.problems:
        print_prose(problem, err=True)


def _print_dropped(rotation: KeyFileChange) -> None:
    for key_id in rotation.dropped_ids:
        print_prose(f"Removed key {key_id} from {rotation.file}. {_BACKUPS_SENTENCE}")
    if not rotation.dropped_ids:
        print_prose(f"Nothing was removed from {rotation.file}.")
    if rotation.earlier_ids:
        print_prose(f"Still needed: {_format_key_ids(rotation.earlier_ids)}; `dcvd vault status` says for what.")


def _describe_use(key: KeyStatus) -> str:
    kind = " (passphrase)" if key.passphrase else ""
    return ("encrypts" if key.active else "opens") + kind


def _describe_source(key: KeyStatus) -> str:
    return key.source if key.source is not None else "nowhere: the daemon does not start without it"


def _format_counts(counts: ValueCounts) -> str:
    return ", ".join(_COLUMNS[field].describe_count(count) for field, count in counts.items())


def _format_key_ids(key_ids: list[str]) -> str:
    return f"key {' and '.join(key_ids)}"


_KEY_COLUMNS: Final[tuple[Column[KeyStatus], ...]] = (
    Column(heading="key", cell=lambda each: each.id),
    Column(heading="use", cell=_describe_use),
    Column(heading="has encrypted", cell=lambda each: _format_counts(each.rows) or "nothing", shortest=13),
    Column(heading="last found in", cell=_describe_source, shortest=13),
)
